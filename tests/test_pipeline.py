from pathlib import Path

import pytest
from collections_pipeline import PIPELINE, PIPELINE_TEXT

from data_hub.errors import DataHubError
from data_hub.pipelines import csv_problems, graph, pipeline_file, pipeline_problems
from data_hub.pipelines.pipeline import Column, Csv, Pipeline


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


def with_csv(csv: str) -> tuple[str, str]:
    """Return what to replace, and by what, so that ``source.csv`` holds these fields."""
    line = '  catch_up: "cron(0 * * * ? *)"\n'
    return line, f"{line}  csv: {csv}\n"


def with_arguments(arguments: str) -> tuple[str, str]:
    line = "    timeout: 60\n"
    return line, f"{line}    default_arguments: {arguments}\n"


def with_partitions(entries: str) -> tuple[str, str]:
    return "partition_by: [seriesid, year(aod)]", f"partition_by: {entries}"


def with_report(types: str) -> tuple[str, str]:
    return """report: {"TEXT*": string, "*": "decimal(38,6)"}""", f"report: {types}"


WIDE = "layout: wide, item_column: item_mdrm, value_column: item_value"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_csv('{delimiter: "||"}'), "source.csv.delimiter: '||' does not fit; write one ASCII character in quotes"),
        (with_csv('{delimiter: ""}'), "source.csv.delimiter: '' does not fit; write one ASCII"),
        (with_csv("{delimiter: '\"'}"), "source.csv.delimiter: '\"' does not fit"),
        (with_csv('{delimiter: "\\n"}'), "source.csv.delimiter: '\\n' does not fit"),
        (with_csv('{delimiter: "¦"}'), "source.csv.delimiter: '¦' does not fit"),
        (with_csv("{delimiter: 1}"), 'source.csv.delimiter: 1 is no text; write it in quotes: "1"'),
        (with_csv("{quoting: all}"), "source.csv.quoting: 'all' is not allowed; use 'rfc4180' or 'none'"),
        (with_csv("{encoding: cp1252}"), "encoding: 'cp1252' is not allowed; use 'utf-8', 'latin-1' or 'utf-16'"),
        (with_csv("{null_tokens: [null]}"), 'source.csv.null_tokens.0: null is no text; write it in quotes: "null"'),
        (with_csv('{null_tokens: [""]}'), "source.csv.null_tokens: '' does not fit; write text without quotes"),
        (with_csv('{null_tokens: ["a\\nb"]}'), "source.csv.null_tokens: 'a\\nb' does not fit"),
        (with_csv('{null_tokens: ["1,0"]}'), "source.csv.null_tokens: '1,0' holds the delimiter ','"),
        (with_csv("{quoting: none, multiline: true}"), "source.csv.multiline: only a field in quotes can hold a line"),
        (with_csv("{layout: wide}"), "source.csv.item_column: is missing, layout: wide needs it"),
        (with_csv("{layout: wide}"), "source.csv.value_column: is missing, layout: wide needs it"),
        (with_csv("{item_column: item_mdrm}"), "source.csv.item_column: only layout: wide has it; remove it"),
        (with_csv("{layout: wide, item_column: x, value_column: item_value}"), "'x' is not under table.columns; use"),
        (with_csv("{layout: wide, item_column: aod, value_column: aod}"), "value_column: 'aod' is the item_column too"),
        (with_csv("{layout: wide, item_column: aod, value_column: item_value}"), "'aod' is date, and names of items"),
        (("partition_by: [seriesid, year(aod)]", "unknown_columns: drop"), "use 'rescue' or 'evolve'"),
        (
            with_partitions("[series]"),
            "partition_by: 'series': column 'series' is not under columns; use one of: series",
        ),
        (with_partitions("[year(rssdid)]"), "'year(rssdid)': year does not fit type bigint; use identity or bucket"),
        (
            with_partitions("[bucket(16, rssdid)]"),
            "partition_by: 'bucket(16' does not fit; write a column, year, month",
        ),
        (
            ("timeout: 30\n    max_concurrent_runs: 1", "timeout: 30\n    max_concurrent_runs: 2"),
            "jobs.create-views-dual-engine.max_concurrent_runs: of two runs at once the one that read the table first",
        ),
        (with_report('{"BHCK-1": string}'), "table.report.BHCK-1: 'BHCK-1' does not fit; use letters, digits, _ and *"),
        (
            with_report("{'*': date}"),
            "table.report.*: 'date' is no type of a report's column; use 'string', 'bigint' or",
        ),
        (with_report("{'*': 'decimal(39,6)'}"), "table.report.*: 'decimal(39,6)' does not fit; in decimal(p,s) p is 1"),
        (with_report("{'*': bigint, 'TEXT*': string}"), "table.report: nothing after '*' is ever used; write '*' last"),
        (
            ("    item_value: {type: string", "    item_value: {type: bigint"),
            "table.report: column 'item_value' is a bigint, and only text gets a type; make it a string",
        ),
        (
            ("    rssdid: {type: bigint, required: true}\n", ""),
            "table.report: report views need the columns rssdid; add them or remove 'report'",
        ),
        (with_partitions("[year(aod), month(aod)]"), "table.partition_by: column 'aod' stands in 2 entries; keep one"),
        (with_partitions("[source_line]"), "'source_line': would make too many partitions; of the hub's own columns"),
        (with_partitions("[source_file]"), "'source_file': would make too many partitions"),
        (
            ("{type: bigint, req", "{type: decimal(38,6), req"),
            "rssdid.type: 'decimal(38' is not allowed; write it in q",
        ),
        (
            ("type: bigint", 'type: "decimal(39,0)"'),
            "rssdid.type: 'decimal(39,0)' does not fit; in decimal(p,s) p is 1",
        ),
        (("type: bigint", 'type: "decimal(5,6)"'), "'decimal(5,6)' does not fit; in decimal(p,s) p is 1 to 38 and s 0"),
        (("type: bigint", 'type: "decimal(0,0)"'), "rssdid.type: 'decimal(0,0)' does not fit"),
        (
            ("type: bigint", "type: decimal"),
            "rssdid.type: 'decimal' is not allowed; write it in quotes with both numbers",
        ),
        (("type: bigint", "type: boolean, format: iso"), "rssdid: type boolean takes no format; remove 'iso'"),
        (
            with_arguments('{"--engine": flink}'),
            "default_arguments.--engine: 'flink' does not fit; write arrow or spark",
        ),
        (with_arguments('{"--max_bytes": 1000}'), "default_arguments.--max_bytes: 1000 is no text; write it in quotes"),
        (with_arguments('{"--max_bytes": "1 GB"}'), "--max_bytes: '1 GB' does not fit; write a whole number of bytes"),
        (with_arguments('{"--engin": spark}'), "--engin: is no argument; did you mean '--engine'?"),
        (with_arguments('{"--database": mine}'), "--database: is not to be set here (the deployment sets what else"),
        (
            ("timeout: 30\n", 'timeout: 30\n    default_arguments: {"--engine": spark}\n'),
            "only a job with script: glue_csv",
        ),
    ],
)
def test_a_mistake_in_an_optional_field_is_named_with_field_value_and_fix(
    change: tuple[str, str], message: str
) -> None:
    assert message in problems_of(*change)


def parsed(*changes: tuple[str, str]) -> Pipeline:
    text = PIPELINE_TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return pipeline_file.parse(text, "collections.yaml")


def test_a_caret_delimited_bulk_file_is_described_by_its_contract_alone() -> None:
    csv = parsed(with_csv('{delimiter: "^", quoting: none, encoding: latin-1, null_tokens: ["--------"]}')).source.csv
    assert (csv.delimiter, csv.quoting, csv.encoding, csv.null_tokens) == ("^", "none", "latin-1", ["--------"])
    assert (csv.multiline, csv.layout) == (False, "long")


def test_a_wide_file_names_the_columns_of_item_and_value() -> None:
    csv = parsed(with_csv(f"{{{WIDE}, encoding: utf-16}}")).source.csv
    assert (csv.layout, csv.item_column, csv.value_column) == ("wide", "item_mdrm", "item_value")


def test_a_wide_file_has_a_key() -> None:
    csv = Csv.model_validate({"layout": "wide", "item_column": "item_mdrm", "value_column": "item_value"})
    text = Column(type="string")
    table = PIPELINE.table.model_copy(update={"columns": {"item_mdrm": text, "item_value": text}})
    source = PIPELINE.source.model_copy(update={"csv": csv})
    (problem,) = csv_problems.of_source(PIPELINE.model_copy(update={"source": source, "table": table}))
    assert problem.startswith("source.csv.layout: wide needs a key column too")


def test_a_wide_file_has_no_unknown_columns_that_the_table_could_gain() -> None:
    evolve = ("partition_by: [seriesid, year(aod)]", "unknown_columns: evolve")
    with pytest.raises(DataHubError, match="layout: wide makes an item of every unknown column"):
        parsed(with_csv(f"{{{WIDE}}}"), evolve)
    assert parsed(evolve).table.unknown_columns == "evolve"


def test_a_decimal_has_its_precision_and_scale() -> None:
    column = parsed(
        with_report("{}"), ("item_value: {type: string", 'item_value: {type: "decimal(38,6)"')
    ).table.columns["item_value"]
    assert (column.kind, column.precision_and_scale) == ("decimal", (38, 6))


def test_a_partition_may_not_be_called_like_a_column() -> None:
    with pytest.raises(DataHubError, match="its partitions are called 'aod_year' like a column; rename that column"):
        parsed(("    item_desc: {", "    aod_year: {type: string}\n    item_desc: {"))
    with pytest.raises(DataHubError, match="its partitions are called 'ingested_at_day' like a column"):
        parsed(
            with_partitions("[day(ingested_at)]"),
            ("    item_desc: {", "    ingested_at_day: {type: string}\n    item_desc: {"),
        )


def test_a_table_may_be_partitioned_by_the_hubs_own_columns_where_that_makes_sense() -> None:
    entries = ["bucket(8, source_file)", "day(ingested_at)"]
    assert parsed(with_partitions(str(entries))).table.partition_by == entries


def test_a_job_has_the_arguments_of_its_pipeline_file() -> None:
    pipeline = parsed(with_arguments('{"--engine": spark, "--max_bytes": "1073741824"}'))
    arguments = pipeline.jobs["csv-to-iceberg-ingestion"].default_arguments
    assert arguments == {"--engine": "spark", "--max_bytes": "1073741824"}
    assert pipeline.jobs["create-views-dual-engine"].default_arguments == {}


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
