import json
from datetime import UTC, datetime
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, row_v1
from deployed_pipeline import INGESTION
from job_arguments import arguments_of
from lake import Lake

from data_hub import job, metrics
from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.ingestion import deadline, remaining


@pytest.fixture
def arguments(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return arguments_of(lake, monkeypatch)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the last line for people."""
    *_, line, for_cloudwatch = capsys.readouterr().out.splitlines()
    assert metrics.is_line(for_cloudwatch)
    return line


def has_committed(lake: Lake) -> bool:
    name = (lake.deployment.database, lake.pipeline.table.name)
    return open_catalog().table_exists(name) and lake.snapshot_count() > 0


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


def test_without_time_left_the_rest_is_left_for_another_run(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        lake.put(name, HEADER_V1 + row_v1())
    queue = lake.aws.client("sqs").create_queue(QueueName=lake.deployment.database)["QueueUrl"]
    of_the_pipeline_file = [INGESTION if word == "j" else word for word in arguments]
    # The first file takes so long.
    monkeypatch.setattr(deadline, "seconds_since_begin", lambda: 48 * 60.0 if has_committed(lake) else 0.0)
    job.run_ingestion([*of_the_pipeline_file, "--arrivals_queue", queue, "--max_bytes", "1"])

    *_, summary, line, for_cloudwatch = capsys.readouterr().out.splitlines()
    assert summary == "1 file: 1 row read = 1 ingested + 0 rejected"
    assert line == (
        "remaining=2 (2 objects left for another run, because 80% of the job's timeout of 60 minutes are over)"
    )
    assert remaining.of_output([summary, line, for_cloudwatch]) == 2
    assert json.loads(for_cloudwatch)["FilesRemaining"] == 2
    (message,) = lake.aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert (body["pipeline"], body["remaining"]) == ("collections", 2)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(body["time"])).total_seconds()) < 60

    monkeypatch.setattr(deadline, "seconds_since_begin", lambda: 0.0)
    job.run_ingestion([*of_the_pipeline_file, "--arrivals_queue", queue])
    told_then, for_cloudwatch = capsys.readouterr().out.splitlines()[-2:]
    assert told_then == "2 files: 2 rows read = 2 ingested + 0 rejected"
    assert json.loads(for_cloudwatch)["FilesRemaining"] == 0


def test_a_run_that_comes_to_no_file_at_all_fails_instead_of_asking_for_another(
    lake: Lake, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    queue = lake.aws.client("sqs").create_queue(QueueName=lake.deployment.database)["QueueUrl"]
    of_the_pipeline_file = [INGESTION if word == "j" else word for word in arguments]
    monkeypatch.setattr(deadline, "seconds_since_begin", lambda: 48 * 60.0)
    with pytest.raises(DataHubError, match=r"^80% of the job's timeout of 60 minutes were over.*1 new object was"):
        job.run_ingestion([*of_the_pipeline_file, "--arrivals_queue", queue])
    assert "Messages" not in lake.aws.client("sqs").receive_message(QueueUrl=queue)


def test_a_job_that_its_pipeline_file_does_not_name_has_no_deadline(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    monkeypatch.setattr(deadline, "seconds_since_begin", lambda: 1e9)
    job.run_ingestion(arguments)
    assert told(capsys) == "1 file: 1 row read = 1 ingested + 0 rejected"


def test_the_views_job_ends_with_a_line_about_all_views(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    job.run_ingestion(arguments)
    job.run_views(arguments)
    assert told(capsys) == "3 views: 3 created; not checked"
    job.run_views(arguments)
    assert told(capsys) == "3 views: 3 unchanged; not checked"


def test_the_views_job_publishes_the_view_files_that_were_deployed(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    job.run_ingestion(arguments)
    [pipeline_file] = [word for word in arguments if word.endswith("p.yaml")]
    bucket = pipeline_file.split("/")[2]
    text = "-- Institutions.\nSELECT DISTINCT rssdid FROM collections_data_staging"
    lake.aws.client("s3").put_object(Bucket=bucket, Key="v.json", Body=json.dumps({"institutions_view.sql": text}))
    job.run_views([*arguments, "--views", f"s3://{bucket}/v.json"])
    assert told(capsys) == "4 views: 4 created; not checked"
    with pytest.raises(DataHubError, match=r"view files .*w\.json cannot be read \(NoSuchKey\): deploy"):
        job.run_views([*arguments, "--views", f"s3://{bucket}/w.json"])
    with pytest.raises(DataHubError, match="--prune true needs --views"):
        job.run_views([*arguments, "--prune", "true"])
    lake.aws.client("s3").put_object(Bucket=bucket, Key="v.json", Body="{}")
    job.run_views([*arguments, "--views", f"s3://{bucket}/v.json", "--prune", "true"])
    assert told(capsys) == "4 views: 3 unchanged, 1 dropped; not checked"


def test_a_pipeline_file_that_is_not_there_is_named(lake: Lake, arguments: list[str]) -> None:
    changed: list[Any] = [word.replace("p.yaml", "q.yaml") for word in arguments]
    with pytest.raises(DataHubError, match=r"q\.yaml cannot be read \(NoSuchKey\): deploy"):
        job.run_ingestion(changed)
