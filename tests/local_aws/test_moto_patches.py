"""Why each patch of moto is needed: what the same calls do without it and with it.

A ``vanilla`` case that fails says that moto has learnt it: drop the patch.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from moto.glue import models
from moto.logs.models import LogGroup
from moto_trials import JOB, answer, answers_of_two_at_once, client, meeting_point, outcomes

ROOT = Path(__file__).resolve().parents[2]


@outcomes(vanilla="SUCCEEDED", patched="STARTING")
def test_a_job_run_is_not_moved_on_by_looking_at_it(glue: Any, outcome: str) -> None:
    glue.create_job(Name="trial", **JOB)
    run_id = glue.start_job_run(JobName="trial")["JobRunId"]
    states = [glue.get_job_run(JobName="trial", RunId=run_id)["JobRun"]["JobRunState"] for _ in range(3)]
    assert states[-1] == outcome


@outcomes(vanilla=["ok", "ok"], patched=["ConcurrentRunsExceededException", "ok"])
def test_max_concurrent_runs_holds_for_simultaneous_starts(
    glue: Any, outcome: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    glue.create_job(Name="trial", ExecutionProperty={"MaxConcurrentRuns": 1}, **JOB)
    monkeypatch.setattr(models, "FakeJobRun", meeting_point(models.FakeJobRun))
    assert answers_of_two_at_once(glue.start_job_run, JobName="trial") == outcome


@outcomes(vanilla=[0, 1], patched=[1, 0])
def test_the_newest_run_of_a_job_is_listed_first(glue: Any, outcome: list[int]) -> None:
    glue.create_job(Name="trial", ExecutionProperty={"MaxConcurrentRuns": 2}, **JOB)
    started = [glue.start_job_run(JobName="trial")["JobRunId"] for _ in range(2)]
    listed = [run["Id"] for run in glue.get_job_runs(JobName="trial")["JobRuns"]]
    assert [started.index(run_id) for run_id in listed] == outcome


@outcomes(vanilla=["ok", "ok"], patched=["AlreadyExistsException", "ok"])
def test_a_table_is_created_once(glue: Any, outcome: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    glue.create_database(DatabaseInput={"Name": "hub"})
    monkeypatch.setattr(models, "FakeTable", meeting_point(models.FakeTable))
    assert answers_of_two_at_once(glue.create_table, DatabaseName="hub", TableInput={"Name": "staging"}) == outcome


@outcomes(vanilla=["ok", "ok"], patched=["ConcurrentModificationException", "ok"])
def test_one_of_two_updates_of_the_same_table_version_is_refused(
    glue: Any, outcome: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    glue.create_database(DatabaseInput={"Name": "hub"})
    glue.create_table(DatabaseName="hub", TableInput={"Name": "staging"})
    monkeypatch.setattr(models.FakeTable, "update", meeting_point(models.FakeTable.update))
    update = {"DatabaseName": "hub", "TableInput": {"Name": "staging"}, "VersionId": "1"}
    assert answers_of_two_at_once(glue.update_table, **update) == outcome


@outcomes(vanilla=2, patched=1)
def test_log_events_are_put_one_at_a_time(glue: Any, outcome: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="jobs")
    logs.create_log_stream(logGroupName="jobs", logStreamName="run")
    inside: list[int] = []
    most = [0]
    put = LogGroup.put_log_events

    def counting(*args: Any) -> Any:
        inside.append(1)
        most[0] = max(most[0], len(inside))
        result = meeting_point_of_both(*args)
        inside.pop()
        return result

    meeting_point_of_both = meeting_point(put)
    monkeypatch.setattr(LogGroup, "put_log_events", counting)
    events = [{"timestamp": 0, "message": "line"}]
    answers_of_two_at_once(logs.put_log_events, logGroupName="jobs", logStreamName="run", logEvents=events)
    assert most == [outcome]


@outcomes(vanilla="NotImplementedError", patched="ok")
def test_a_job_run_can_be_stopped(glue: Any, outcome: str) -> None:
    glue.create_job(Name="trial", **JOB)
    run_id = glue.start_job_run(JobName="trial")["JobRunId"]
    assert answer(glue.batch_stop_job_run, JobName="trial", JobRunIds=[run_id]) == outcome


@outcomes(vanilla="NotImplementedError", patched="ok")
def test_a_job_can_be_updated(glue: Any, outcome: str) -> None:
    glue.create_job(Name="trial", **JOB)
    assert answer(glue.update_job, JobName="trial", JobUpdate={**JOB, "GlueVersion": "5.1"}) == outcome


@pytest.mark.filterwarnings("ignore:.*NotEmulatedError.*does not match an error shape")
@outcomes(vanilla="NotImplementedError", patched="NotImplementedException")
def test_a_call_that_nobody_emulates_is_answered(glue: Any, outcome: str) -> None:
    # Without an answer the server says HTTP 500, and boto3 tries again and again.
    assert answer(glue.get_dataflow_graph, PythonScript="") == outcome


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("del GlueResponse.update_table", "moto has no GlueResponse.update_table any more"),
        ("GlueResponse.update_job = print", "moto has its own GlueResponse.update_job now"),
    ],
)
def test_another_moto_is_noticed_at_the_start(change: str, message: str) -> None:
    program = "from moto.glue.responses import GlueResponse\nfrom local_aws import moto_patches\n"
    program += f"{change}\nmoto_patches.install(None)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"RuntimeError: {message}" in done.stderr
