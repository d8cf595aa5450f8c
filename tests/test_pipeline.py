from pathlib import Path

import pytest
from collections_pipeline import PIPELINE, PIPELINE_TEXT

from data_hub import graph, pipeline_file, pipeline_problems
from data_hub.errors import DataHubError
from data_hub.pipeline import Pipeline


def problems_of(old: str, new: str) -> str:
    assert old in PIPELINE_TEXT
    with pytest.raises(DataHubError) as raised:
        pipeline_file.parse(PIPELINE_TEXT.replace(old, new), "collections.yaml")
    return str(raised.value)


def test_the_committed_pipeline_file_is_right() -> None:
    assert PIPELINE.pipeline == "collections"
    assert graph.start_jobs(PIPELINE) == ["csv-to-iceberg-ingestion"]
    assert graph.upstream_jobs(PIPELINE) == {
        "csv-to-iceberg-ingestion": set(),
        "create-views-dual-engine": {"csv-to-iceberg-ingestion"},
    }
    assert PIPELINE.table.rejects_name == "collections_data_staging_rejects"
    assert PIPELINE.table.ledger_name == "collections_data_staging_ledger"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "timeout: 60",
            "timout: 60",
            "jobs.csv-to-iceberg-ingestion.timout: is no field here (value 60); did you mean",
        ),
        ("timeout: 60", "timeout: 0", "jobs.csv-to-iceberg-ingestion.timeout: 0 does not fit"),
        ("timeout: 60", 'timeout: "60"', "jobs.csv-to-iceberg-ingestion.timeout: '60' does not fit"),
        ("type: bigint", "type: int", "table.columns.rssdid.type: 'int' is not allowed; use 'string', 'bigint'"),
        ("orchestrator: airflow\n", "", "orchestrator: is missing; add it"),
        ("airflow", "prefect", "orchestrator: 'prefect' is not allowed; use 'airflow' or 'glue'"),
        (
            "bucket: raw",
            "bucket: raw_data",
            "source.bucket: 'raw_data' does not fit; use lower-case letters, digits and -",
        ),
        (
            "bucket: raw",
            "bucket: warehouse",
            "source.bucket: 'warehouse' is a bucket of the hub itself; choose another",
        ),
        ("collections-data/", "collections-data", "source.prefix: 'collections-data' does not fit; write a key prefix"),
        ("cron(0 * * * ? *)", "rate(1 hour)", "source.catch_up: 'rate(1 hour)' does not fit; write six fields"),
        (
            "format: yyyymmdd",
            "format: mmddyy",
            "table.columns.aod: 'mmddyy' is no format of a date; use yyyymmdd or yyyy-mm-dd",
        ),
        ("{type: bigint, ", "{type: bigint, format: x, ", "rssdid: type bigint takes no format; remove 'x'"),
        ("aliases: [value]", "aliases: [key]", "header name 'key' stands for more than one column"),
        ("seriesid:", "ingest_ts:", "table.columns.ingest_ts: is a column that the hub adds itself"),
        ("seriesid:", "SeriesId:", "table.columns.SeriesId: 'SeriesId' does not fit; use lower-case"),
        ("actions: [{job: csv-to", "actions: [{job: cvs-to", "job 'cvs-to-iceberg-ingestion' is not under jobs"),
        ("state: SUCCEEDED", "state: FAILED", "conditions.0.state: 'FAILED' is not allowed"),
        ("type: CONDITIONAL", "type: ON_DEMAND", "an ON_DEMAND Glue trigger takes no predicate"),
        (
            "actions: [{job: create",
            "actions: [{job: csv-to-iceberg-ingestion}, {job: create",
            "both predicate and actions",
        ),
    ],
)
def test_a_mistake_is_named_with_field_value_and_fix(old: str, new: str, message: str) -> None:
    text = problems_of(old, new)
    assert message in text
    assert all(line.startswith("collections.yaml: ") for line in text.splitlines())


def test_all_mistakes_are_named_at_once() -> None:
    text = problems_of("timeout: 60\n    max_concurrent_runs: 1", "timeout: 0\n    max_concurrent_runs: 0")
    assert len(text.splitlines()) == 2


def test_a_job_that_nothing_starts_is_named() -> None:
    assert "jobs.lonely: no Glue trigger starts it" in problems_of(
        "triggers:\n",
        '  lonely: {script: x.py, glue_version: "5.1", worker_type: G.1X, number_of_workers: 2, timeout: 1, '
        "max_concurrent_runs: 1}\ntriggers:\n",
    )


def test_jobs_that_only_wait_for_each_other_are_named() -> None:
    job = (
        'script: x.py, glue_version: "5.1", worker_type: G.1X, number_of_workers: 2, timeout: 1, max_concurrent_runs: 1'
    )
    trigger = (
        "{{type: CONDITIONAL, predicate: {{logical: AND, conditions: [{{job: {}, state: SUCCEEDED}}]}}, "
        "actions: [{{job: {}}}]}}"
    )
    text = problems_of(
        "triggers:\n",
        f"  left: {{{job}}}\n  right: {{{job}}}\ntriggers:\n"
        f"  one: {trigger.format('left', 'right')}\n  two: {trigger.format('right', 'left')}\n",
    )
    assert "triggers: jobs wait for each other in a circle" in text
    assert "left -> right" in text or "right -> left" in text


def test_a_job_that_two_triggers_start_is_named() -> None:
    assert "triggers: 2 actions start job 'create-views-dual-engine'; keep one" in problems_of(
        "actions: [{job: csv-to-iceberg-ingestion}]",
        "actions: [{job: csv-to-iceberg-ingestion}, {job: create-views-dual-engine}]",
    )


def test_the_pipelines_name_is_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(PIPELINE_TEXT)
    with pytest.raises(
        DataHubError, match=r"other\.yaml: pipeline: 'collections' is not the file's name; write 'other'"
    ):
        pipeline_file.load(tmp_path / "other.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataHubError, match="none\\.yaml: cannot be read"):
        pipeline_file.load(tmp_path / "none.yaml")


def test_a_file_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(DataHubError, match=r"f.yaml: \(the whole file\)"):
        pipeline_file.parse("- 1", "f.yaml")


def branches_at(prefix: str, bucket: str = "raw") -> Pipeline:
    """Return a second pipeline that shares no name with the first."""
    source = PIPELINE.source.model_copy(update={"prefix": prefix, "bucket": bucket})
    table = PIPELINE.table.model_copy(update={"name": "branches"})
    changes = {"pipeline": "branches", "source": source, "table": table, "jobs": {}, "triggers": {}}
    return PIPELINE.model_copy(update=changes)


@pytest.mark.parametrize("prefix", ["collections-data/", "collections-data/branches/"])
def test_two_pipelines_that_wait_for_the_same_objects_are_named(prefix: str) -> None:
    branches = branches_at(prefix)
    for pipelines, first in (
        ([PIPELINE, branches], "collections and branches"),
        ([branches, PIPELINE], "branches and"),
    ):
        (problem,) = pipeline_problems.between_pipelines(pipelines)
        assert problem.startswith(f"pipelines {first}")
        assert f"'{prefix}'" in problem
        assert "overlap in bucket 'raw'" in problem


@pytest.mark.parametrize(("prefix", "bucket"), [("collections/", "raw"), ("collections-data/", "other")])
def test_two_pipelines_may_have_prefixes_and_buckets_of_their_own(prefix: str, bucket: str) -> None:
    assert pipeline_problems.between_pipelines([PIPELINE, branches_at(prefix, bucket)]) == []


def test_a_name_that_two_pipelines_claim_is_named() -> None:
    other = PIPELINE.model_copy(update={"pipeline": "other", "source": branches_at("other/").source})
    problems = pipeline_problems.between_pipelines([PIPELINE, other])
    assert problems[0] == ("pipelines collections and other both have the table 'collections_data_staging'; rename one")
    assert len(problems) == 1 + len(PIPELINE.jobs) + len(PIPELINE.triggers)
