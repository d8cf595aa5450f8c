from typing import Any

import pytest
from collections_pipeline import HEADER_V1, row_v1
from job_arguments import arguments_of
from lake import Lake

from data_hub import job, metrics
from data_hub.errors import DataHubError


@pytest.fixture
def arguments(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return arguments_of(lake, monkeypatch)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the last line for people."""
    *_, line, for_cloudwatch = capsys.readouterr().out.splitlines()
    assert metrics.is_line(for_cloudwatch)
    return line


def test_without_the_argument_every_object_is_ingested(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.csv", "b.csv"):
        lake.put(name, HEADER_V1 + row_v1())
    of_airflow, of_a_workflow = ["--new_objects_digest", "d"], ["--WORKFLOW_NAME", "w", "--WORKFLOW_RUN_ID", "wr_1"]
    job.run_ingestion([*arguments, *of_airflow, *of_a_workflow, "--custom-logGroup-prefix", "/data-hub/jobs"])
    assert told(capsys) == "2 files: 2 rows read = 2 ingested + 0 rejected"


def test_the_argument_keys_restricts_the_run(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    lake.put("b.csv", HEADER_V1 + row_v1())
    job.run_ingestion([*arguments, "--keys", '["collections-data/ingest_ts=1/b.csv"]'])
    assert [name for name, *_ in lake.rows()] == ["b.csv"]
    assert told(capsys) == "1 file: 1 row read = 1 ingested + 0 rejected"


@pytest.mark.parametrize("text", ["a.csv", "[]", '{"a.csv": 1}', "[1]"])
def test_an_argument_that_names_no_keys_is_refused(lake: Lake, arguments: list[str], text: str) -> None:
    with pytest.raises(DataHubError, match="is no JSON array of keys; write it like"):
        job.run_ingestion([*arguments, "--keys", text])


def test_the_views_job_ends_with_a_line_about_all_views(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    job.run_ingestion(arguments)
    job.run_views(arguments)
    assert told(capsys) == "2 views: 2 created"
    job.run_views(arguments)
    assert told(capsys) == "2 views: 2 unchanged"


def test_a_pipeline_file_that_is_not_there_is_named(lake: Lake, arguments: list[str]) -> None:
    changed: list[Any] = [word.replace("p.yaml", "q.yaml") for word in arguments]
    with pytest.raises(DataHubError, match=r"q\.yaml cannot be read \(NoSuchKey\): deploy"):
        job.run_ingestion(changed)
