"""The Lambda function that publishes how many files wait."""

import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from deployed_lambda import COLLECTIONS, INGESTION, NOW, OTHER, StoppedClock, job_run
from stubbed_calls import RefusedError, StubbedCalls

import job_runs
import pipelines
import publish_backlog
from data_hub.ingestion import deadline


class Deployed:
    """What the function finds.

    Attributes:
        objects: key to seconds since its arrival.
        runs: job to runs, newest first.
        last_run: of the workflow.
        unreadable: buckets' prefixes that may not be listed.
    """

    def __init__(self) -> None:
        self.objects: dict[str, float] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.last_run: dict[str, Any] = {}
        self.unreadable: set[str] = set()

    def list_objects(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Prefix"] in self.unreadable:
            raise RefusedError("AccessDenied")
        # S3 lists keys in order, 1000 at a time at most; two show that all pages are read.
        keys = sorted(key for key in self.objects if key.startswith(params["Prefix"]))
        first = int(params.get("ContinuationToken", 0))
        contents = [
            {"Key": key, "LastModified": NOW - timedelta(seconds=self.objects[key])} for key in keys[first : first + 2]
        ]
        answer: dict[str, Any] = {"Contents": contents} if contents else {}
        is_last = first + 2 >= len(keys)
        return answer | (
            {"IsTruncated": False} if is_last else {"IsTruncated": True, "NextContinuationToken": str(first + 2)}
        )

    def workflow(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"Workflow": {"Name": params["Name"], **({"LastRun": self.last_run} if self.last_run else {})}}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    found = Deployed()
    s3 = StubbedCalls("s3", ListObjectsV2=found.list_objects)
    glue = StubbedCalls(
        "glue",
        GetJobRuns=lambda params: {"JobRuns": found.runs.get(params["JobName"], [])},
        GetWorkflow=found.workflow,
    )
    monkeypatch.setattr(publish_backlog, "datetime", StoppedClock)
    monkeypatch.setattr(publish_backlog, "_s3", lambda: s3.client)
    monkeypatch.setattr(publish_backlog, "_glue", lambda: glue.client)
    monkeypatch.setattr(pipelines, "deployed", lambda: [COLLECTIONS])
    return found


def published(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    publish_backlog.handler({}, None)
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def key(name: str) -> str:
    return f"collections-data/ingest_ts=1/{name}"


def test_without_a_run_every_object_waits(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.objects = {key("a.csv"): 50, key("b.csv.gz"): 300, key("c.csv"): 20}
    line = published(capsys)
    assert (line["BacklogFiles"], line["ErroredActions"]) == (3, 0)
    assert line["OldestArrivalSeconds"] == 300


@pytest.mark.parametrize(("started", "errored"), [(100, 1), (20, 0)])
def test_an_errored_action_counts_until_a_later_run_has_ingested_everything(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], started: float, errored: int
) -> None:
    """After a switch to Airflow no workflow run follows the one whose job could not be started."""
    deployed.last_run = {"CompletedOn": NOW - timedelta(seconds=60), "Statistics": {"ErroredActions": 1}}
    deployed.runs[INGESTION] = [job_run("SUCCEEDED", started=started, ended=10)]
    assert published(capsys)["ErroredActions"] == errored


@pytest.mark.parametrize(("runs", "waiting"), [([], 1), ([job_run("FAILED", started=40, ended=35)], 2)])
def test_what_is_older_than_all_runs_that_glue_remembers_raises_no_alarm(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], runs: list[dict[str, Any]], waiting: int
) -> None:
    """Airflow starts no run while nothing arrives, and after 90 days Glue has forgotten the last one."""
    deployed.objects = {key("old.csv"): 91 * 86_400, key("new.csv"): 89 * 86_400}
    deployed.runs[INGESTION] = runs
    assert published(capsys)["BacklogFiles"] == waiting


@pytest.mark.parametrize(("minutes", "waiting"), [(47.9, 0), (48, 1)])
def test_a_run_that_began_no_file_any_more_may_have_left_some(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], minutes: float, waiting: int
) -> None:
    """When nobody goes on with a backfill, somebody has to see it."""
    deployed.objects = {key("old.csv"): 5000}
    deployed.runs[INGESTION] = [job_run("SUCCEEDED", started=3000, ended=100, minutes=minutes)]
    assert published(capsys)["BacklogFiles"] == waiting
    assert job_runs.SHARE == deadline.SHARE


def test_the_line_is_in_the_embedded_metric_format(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    line = published(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] / 1000 == NOW.timestamp()
    assert (directive["Namespace"], directive["Dimensions"]) == ("SimpleDataHub", [["Pipeline"]])
    metrics = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    assert metrics == {"BacklogFiles": 0, "OldestArrivalSeconds": 0, "ErroredActions": 0}
    assert line["Pipeline"] == "collections"


def test_what_landed_after_the_end_of_the_last_full_success_waits(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """What landed while it worked was ingested by it, and with Airflow no other run follows."""
    deployed.objects = {key("before.csv"): 101, key("during.csv"): 99, key("after.csv"): 89, key("late.csv"): 5}
    deployed.runs[INGESTION] = [
        job_run("RUNNING", started=10),
        job_run("SUCCEEDED", started=30, ended=20, keys='["x.csv"]'),
        job_run("FAILED", started=40, ended=35),
        job_run("SUCCEEDED", started=100, ended=90),
        job_run("SUCCEEDED", started=1000, ended=990),
    ]
    line = published(capsys)
    assert line["BacklogFiles"] == 2
    assert line["OldestArrivalSeconds"] == 89


def test_other_keys_do_not_count(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.objects = {key("a.txt"): 5, key("deep/a.csv"): 5, "collections-data/a.csv": 5, "else/a.csv": 5}
    assert published(capsys)["BacklogFiles"] == 0


def test_jobs_that_the_last_workflow_run_could_not_start_are_counted(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.last_run = {"Statistics": {"TotalActions": 2, "ErroredActions": 1}}
    assert published(capsys)["ErroredActions"] == 1


def test_a_pipeline_that_cannot_be_read_hides_no_other(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipelines, "deployed", lambda: [OTHER, COLLECTIONS])
    deployed.unreadable = {"other-data/"}
    deployed.objects = {key("a.csv"): 5}
    with pytest.raises(publish_backlog.NotPublishedError, match=r'"other".*AccessDenied'):
        publish_backlog.handler({}, None)
    error, metrics = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (error["level"], error["pipeline"], "AccessDenied" in error["reason"]) == ("ERROR", "other", True)
    assert (metrics["Pipeline"], metrics["BacklogFiles"]) == ("collections", 1)


def test_memory_does_not_grow_with_the_bucket(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "objects", {})
    item = {"Key": key("a.csv"), "LastModified": NOW}
    pages = 50

    def page(params: dict[str, Any]) -> dict[str, Any]:
        number = int(params.get("ContinuationToken", 0))
        # Objects of its own for each page: one kept would show.
        contents = [dict(item, Key=key(f"{number}-{n}.csv")) for n in range(1000)]
        more = {"IsTruncated": True, "NextContinuationToken": str(number + 1)} if number + 1 < pages else {}
        return {"Contents": contents, **more}

    monkeypatch.setattr(deployed, "list_objects", page)
    stubbed = StubbedCalls("s3", ListObjectsV2=page)
    monkeypatch.setattr(publish_backlog, "_s3", lambda: stubbed.client)
    tracemalloc.start()
    try:
        publish_backlog.handler({}, None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000, "50 pages of 1000 objects would take more than 20 MB"
