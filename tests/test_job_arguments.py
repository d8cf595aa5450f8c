"""The arguments of a job run."""

import pytest
from collections_pipeline import ROOT

from data_hub.errors import DataHubError
from data_hub.job_arguments import IngestionArguments, JobArguments, ViewsArguments

NEEDED = ("pipeline_file", "source_bucket", "warehouse", "database", "view_definer")


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Glue passes to a script whose job has no argument beside those of every deployment."""
    monkeypatch.syspath_prepend(str(ROOT / "local_aws"))
    given = [word for name in NEEDED for word in (f"--{name}", f"s3://{name}")]
    return ["script.py", "--JOB_NAME", "j", "--JOB_RUN_ID", "jr_1", *given, "--datalake-formats", "iceberg"]


def test_whatever_may_be_left_out_has_a_default(words: list[str]) -> None:
    found = IngestionArguments.of(words)
    assert (found.job, found.job_run_id, found.deployment.database) == ("j", "jr_1", "s3://database")
    optional = (found.keys, found.engine, found.max_bytes, found.table_optimizer_role, found.arrivals_queue)
    assert optional == (None, "arrow", 1 << 30, None, None)


def test_each_argument_is_taken(words: list[str]) -> None:
    given = ["--keys", '["a", "b"]', "--engine", "spark", "--max_bytes", "1048576", "--table_optimizer_role", "r"]
    found = IngestionArguments.of([*words, *given, "--arrivals_queue", "https://sqs/q"])
    assert (found.keys, found.engine, found.max_bytes) == (["a", "b"], "spark", 1048576)
    assert (found.table_optimizer_role, found.arrivals_queue) == ("r", "https://sqs/q")


@pytest.mark.parametrize("text", ["a.csv", "[]", '{"a.csv": 1}', "[1]"])
def test_keys_that_are_none_are_refused(words: list[str], text: str) -> None:
    with pytest.raises(DataHubError, match="is no JSON array of keys; write it like"):
        IngestionArguments.of([*words, "--keys", text])


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "1GB", "", " 1", "\u0661"])
def test_bytes_that_are_no_number_are_refused(words: list[str], text: str) -> None:
    with pytest.raises(DataHubError, match=r"--max_bytes .* is no number of bytes; write a whole number above 0"):
        IngestionArguments.of([*words, "--max_bytes", text])


def test_an_engine_that_there_is_not_is_refused(words: list[str]) -> None:
    with pytest.raises(DataHubError, match="--engine 'duckdb' is none of the engines; write arrow or spark"):
        IngestionArguments.of([*words, "--engine", "duckdb"])


def test_a_job_that_lacks_what_the_deployment_sets_says_so(words: list[str]) -> None:
    missing = words.index("--database")
    with pytest.raises(DataHubError, match=r"database.*deploy the pipeline again"):
        JobArguments.of([*words[:missing], *words[missing + 2 :]])


def test_the_views_job_takes_its_own_arguments(words: list[str]) -> None:
    found = ViewsArguments.of(words)
    assert (found.views, found.athena_workgroup, found.prune) == (None, None, False)
    found = ViewsArguments.of([*words, "--views", "s3://v", "--athena_workgroup", "hub", "--prune", "true"])
    assert (found.views, found.athena_workgroup, found.prune) == ("s3://v", "hub", True)
    with pytest.raises(DataHubError, match="--prune 'yes' is neither true nor false; write one of them"):
        ViewsArguments.of([*words, "--prune", "yes"])
