"""Why each patch of moto is needed: what the same calls do without it and with it.

A ``vanilla`` case that fails says that moto has learnt it: drop the patch.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.responses import BaseResponse
from moto.glue import models
from moto.glue.models import FakeJob, GlueBackend
from moto.glue.responses import GlueResponse
from moto.logs.models import LogGroup, LogsBackend

from local_aws import moto_patches
from local_aws.environment import REGION

ROOT = Path(__file__).resolve().parents[2]
PATCHED_OWNERS = (models, FakeJob, GlueBackend, GlueResponse, LogsBackend, BaseResponse)
OVERLAP_SECONDS = 0.2
JOB = {"Role": "trial", "Command": {"Name": "glueetl", "ScriptLocation": "s3://scripts/trial.py"}}


class NoJobRunner:
    """Takes job runs and never runs them."""

    def start(self, *_: object) -> None: ...


@contextlib.contextmanager
def installed_patches() -> Iterator[None]:
    before = [(owner, dict(vars(owner))) for owner in PATCHED_OWNERS]
    moto_patches.install(NoJobRunner())  # type: ignore[arg-type]
    try:
        yield
    finally:
        for owner, names in before:
            for name in set(vars(owner)) - set(names):
                delattr(owner, name)
            for name, value in names.items():
                if vars(owner)[name] is not value:
                    setattr(owner, name, value)


def client(service: Any) -> Any:
    return boto3.client(service, REGION, endpoint_url=f"https://{service}.{REGION}.amazonaws.com")


@pytest.fixture
def glue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Glue client of moto in this process, ``vanilla`` or ``patched``."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with installed_patches() if request.param == "patched" else contextlib.nullcontext(), mock_aws():
        yield client("glue")


def outcomes(*, vanilla: object, patched: object) -> pytest.MarkDecorator:
    cases = [pytest.param("vanilla", vanilla, id="vanilla"), pytest.param("patched", patched, id="patched")]
    return pytest.mark.parametrize(("glue", "outcome"), cases, indirect=["glue"])


def answer(call: Callable[..., Any], **request: Any) -> str:
    """Return ``ok`` or what went wrong."""
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    except NotImplementedError:
        return "NotImplementedError"
    return "ok"


def answers_of_two_at_once(call: Callable[..., Any], **request: Any) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(lambda _: answer(call, **request), range(2)))


def meeting_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``function`` wait a moment for a second caller, so that two that can overlap do."""
    barrier = threading.Barrier(2)

    def wait_and_call(*args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(OVERLAP_SECONDS)
        return function(*args, **kwargs)

    return wait_and_call


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
