import asyncio
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from deployed_pipeline import MakeGlueJob
from glue_operator import operator_of
from job_trials import job_run, wait_for_state
from task_context import RecordingTaskInstance, defer_again, remake, resume, start

from data_hub.airflow import triggers
from data_hub.airflow.triggers import FreeSlotTrigger
from local_aws.process import LocalAws

WAITS = "import time; time.sleep(60)"


class TaskState:
    """What Airflow answers when an Airflow trigger asks for the state of its task."""

    def __init__(self) -> None:
        self.name = "failed"

    def answer(self, *, dag_id: str, task_ids: list[str], run_ids: list[str], map_index: int) -> Any:
        if not self.name:
            raise ConnectionError("no answer")
        return {run_id: dict.fromkeys(task_ids, self.name) for run_id in run_ids}


@pytest.fixture(autouse=True)
def task_state(monkeypatch: pytest.MonkeyPatch) -> TaskState:
    state = TaskState()
    monkeypatch.setattr(triggers.RuntimeTaskInstance, "get_task_states", state.answer)
    return state


def kill(deferral: TaskDeferred) -> None:
    """Cancel the deferral's Airflow trigger as the triggerer does when it is no more its own."""
    trigger = remake(deferral)
    trigger.task_instance = RecordingTaskInstance("task")
    asyncio.run(trigger.on_kill())


@pytest.fixture
def job(make_glue_job: MakeGlueJob) -> str:
    return make_glue_job(WAITS)


def stop(aws: LocalAws, job: str, run_id: str) -> None:
    aws.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run_id])


def test_a_user_who_kills_the_deferred_task_stops_the_job_run(aws: LocalAws, job: str) -> None:
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    kill(deferral)
    assert wait_for_state(aws, job, deferral.trigger.run_id, "STOPPED")


def test_being_cancelled_again_meanwhile_changes_nothing(
    aws: LocalAws, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's triggerer cancels an Airflow trigger with each look at its database until it has ended."""
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    asked = threading.Event()
    told = threading.Event()

    def slow_answer(*, run_ids: list[str], task_ids: list[str], **_: Any) -> Any:
        asked.set()
        told.wait(30)
        return {run_id: dict.fromkeys(task_ids, "failed") for run_id in run_ids}

    monkeypatch.setattr(triggers.RuntimeTaskInstance, "get_task_states", slow_answer)

    async def kill_again_and_again() -> None:
        trigger = remake(deferral)
        trigger.task_instance = RecordingTaskInstance("task")
        killing = asyncio.ensure_future(asyncio.wait_for(trigger.on_kill(), 30))
        await asyncio.to_thread(asked.wait, 30)
        for _ in range(3):
            killing.cancel()
            await asyncio.sleep(0)
        told.set()
        # The triggerer's loop goes on, whether it waits for the Airflow trigger any longer or not.
        assert await asyncio.to_thread(wait_for_state, aws, job, deferral.trigger.run_id, "STOPPED")

    asyncio.run(kill_again_and_again())


def test_a_triggerer_that_restarts_does_not(aws: LocalAws, job: str) -> None:
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    asyncio.run(remake(deferral).cleanup())
    assert job_run(aws, job, deferral.trigger.run_id)["JobRunState"] in {"STARTING", "RUNNING"}
    stop(aws, job, deferral.trigger.run_id)


@pytest.mark.parametrize(
    ("state", "reason"),
    [("deferred", "another triggerer watches it now"), ("", "the task's state cannot be found out: no answer")],
)
def test_a_triggerer_that_lost_the_task_to_another_one_does_not(
    aws: LocalAws, job: str, task_state: TaskState, state: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    task_state.name = state
    kill(deferral)
    assert f"Not stopping run {deferral.trigger.run_id} of Glue job {job}: {reason}" in capsys.readouterr().out
    assert job_run(aws, job, deferral.trigger.run_id)["JobRunState"] in {"STARTING", "RUNNING"}
    stop(aws, job, deferral.trigger.run_id)


def test_a_run_that_has_ended_meanwhile_is_only_told(
    aws: LocalAws, make_glue_job: MakeGlueJob, capsys: pytest.CaptureFixture[str]
) -> None:
    job = make_glue_job("pass")
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    wait_for_state(aws, job, deferral.trigger.run_id, "SUCCEEDED")
    kill(deferral)
    assert f"Glue did not stop run {deferral.trigger.run_id} of Glue job {job}" in capsys.readouterr().out


def test_a_glue_that_does_not_answer_holds_the_triggerer_up_for_a_bounded_time(
    aws: LocalAws, job: str, silent_glue: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deferral = start(operator_of(job), RecordingTaskInstance(job))
    monkeypatch.setattr(triggers, "_STOP_SECONDS", 0.2)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", silent_glue)
        kill(deferral)
    assert f"Could not stop run {deferral.trigger.run_id} of Glue job {job}, which goes on" in capsys.readouterr().out
    stop(aws, job, deferral.trigger.run_id)


def test_a_task_that_is_killed_on_the_worker_stops_the_job_run(aws: LocalAws, job: str) -> None:
    operator = operator_of(job)
    run_id = start(operator, RecordingTaskInstance(job)).trigger.run_id
    operator.on_kill()
    assert wait_for_state(aws, job, run_id, "STOPPED")


def test_a_task_that_is_killed_before_it_started_a_run_stops_none(job: str) -> None:
    operator_of(job).on_kill()


def test_a_task_that_a_user_clears_stops_its_run_and_starts_another(aws: LocalAws, job: str) -> None:
    cleared = start(operator_of(job), RecordingTaskInstance(job))
    task_instance = RecordingTaskInstance(job, try_number=2, max_tries=1)
    own = start(operator_of(job), task_instance)
    if isinstance(own.trigger, FreeSlotTrigger):
        own = defer_again(operator_of(job), own, task_instance)
    assert own.trigger.run_id != cleared.trigger.run_id
    assert wait_for_state(aws, job, cleared.trigger.run_id, "STOPPED")

    stop(aws, job, own.trigger.run_id)
    with pytest.raises(AirflowFailException, match="ended STOPPED"):
        resume(operator_of(job), own, task_instance)


@pytest.fixture
def silent_glue() -> Iterator[str]:
    """A server that takes requests and never answers."""
    is_over = threading.Event()

    class Glue(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            is_over.wait(30)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Glue) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        is_over.set()
        server.shutdown()
