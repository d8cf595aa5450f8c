"""What the trigger form asks of the sensor, and what it leaves alone in runs that nobody started."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from collections_pipeline import HEADER_V1, row_v1
from deployed_pipeline import DeployedPipeline
from sensor_context import context_of
from task_context import RecordingTaskInstance

from data_hub import backoff
from data_hub.airflow.arrival_triggers import NewObjectsTrigger
from data_hub.airflow.failures import KnownFailure
from data_hub.airflow.sensor import LOOK_TIMEOUT, NewObjectsSensor
from data_hub.ingestion.ingest import Ingestion

A = "collections-data/ingest_ts=1/a.csv"
B = "collections-data/ingest_ts=1/b.csv"


class Run:
    """The sensor of one DAG run."""

    def __init__(self, deployed: DeployedPipeline) -> None:
        self.task_instance = RecordingTaskInstance("wait_for_objects")
        self.sensor = NewObjectsSensor(task_id="wait_for_objects", pipeline=deployed.pipeline)

    @property
    def summary(self) -> str:
        return str(self.task_instance.xcoms["summary"])

    def look(self, run_type: str = "manual", began_minutes_ago: float = 0, **params: Any) -> None:
        self.sensor.execute(context_of(self.task_instance, run_type, began_minutes_ago, **params))

    def skipped(self, **how: Any) -> str:
        with pytest.raises(AirflowSkipException) as skip:
            self.look(**how)
        return str(skip.value)

    def failed(self, **how: Any) -> str:
        with pytest.raises(AirflowFailException) as failure:
            self.look(**how)
        return str(failure.value)

    def deferred(self, **how: Any) -> TaskDeferred:
        with pytest.raises(TaskDeferred) as deferral:
            self.look(**how)
        return deferral.value


@pytest.fixture
def run(deployed: DeployedPipeline) -> Run:
    return Run(deployed)


def ingest_all(deployed: DeployedPipeline) -> None:
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run()


def test_views_only_goes_on_without_a_look(deployed: DeployedPipeline, run: Run) -> None:
    deployed.aws.client("s3").delete_bucket(Bucket=deployed.deployment.source_bucket)
    run.look(views_only=True)
    assert run.task_instance.xcoms == {"summary": "views only"}


def test_views_only_and_keys_exclude_each_other(run: Run) -> None:
    assert "choose one" in run.failed(views_only=True, keys=[A])


def test_a_misspelt_option_is_no_full_run(run: Run) -> None:
    assert "started with dryrun; there are only wait_minutes, keys, views_only, dry_run" in run.failed(dryrun=True)


def test_only_the_wanted_keys_count(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    deployed.put(B, b"b")
    run.look(keys=[B])
    assert run.task_instance.xcoms["new_objects"]["keys"] == [B]


def test_a_wanted_key_that_is_not_there_fails_the_run(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    message = run.failed(keys=[A, B])
    assert f"Not in bucket '{deployed.deployment.source_bucket}': {B}. Upload it first" in message


def test_wanted_keys_that_were_dealt_with_skip_the_run(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, HEADER_V1 + row_v1())
    ingest_all(deployed)
    assert run.skipped(keys=[A]) == f"Dealt with already, in the current version: {A}"


def test_a_dry_run_says_what_would_be_done_and_skips(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    jobs = ", ".join(deployed.pipeline.jobs)
    assert run.skipped(dry_run=True, wait_minutes=5) == f"Dry run: 1 new object; would run {jobs}\n  {A}, 1 byte"
    assert run.summary == f"Dry run: 1 new object; would run {jobs}"


def test_a_dry_run_without_work(run: Run) -> None:
    assert run.skipped(dry_run=True) == "Dry run: no new objects; would run no job"


def test_a_dry_run_of_views_only(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    assert run.skipped(dry_run=True, views_only=True).endswith(f"would run views-{deployed.name}, and ingest nothing")


def test_a_dry_run_of_a_very_long_list(deployed: DeployedPipeline, run: Run) -> None:
    for number in range(102):
        deployed.put(f"collections-data/ingest_ts={number}/a.csv", b"a")
    assert run.skipped(dry_run=True).endswith("and 2 more objects")


def test_it_waits_in_the_triggerer_until_a_moment_after_the_runs_begin(run: Run) -> None:
    deferral = run.deferred(wait_minutes=10, began_minutes_ago=4)
    assert isinstance(deferral.trigger, NewObjectsTrigger)
    deadline = datetime.fromtimestamp(deferral.trigger.arguments["deadline"], UTC)
    assert timedelta(minutes=5) < deadline - datetime.now(UTC) <= timedelta(minutes=6)
    assert deferral.timeout is not None
    assert deferral.timeout > timedelta(minutes=6)
    assert run.sensor.execution_timeout == LOOK_TIMEOUT


def test_what_is_there_is_not_waited_for(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    run.look(wait_minutes=10)
    assert run.summary == "1 new object"


def test_after_the_waiting_it_looks_again(deployed: DeployedPipeline, run: Run) -> None:
    deferral = run.deferred(wait_minutes=10)
    deployed.put(A, b"a")
    context = context_of(run.task_instance, wait_minutes=10)
    getattr(run.sensor, deferral.method_name)(context, event={"status": "found"})
    assert run.task_instance.xcoms["new_objects"]["keys"] == [A]


def test_a_file_that_another_run_took_is_waited_for_again(run: Run) -> None:
    deferral = run.deferred(wait_minutes=10)
    with pytest.raises(TaskDeferred):
        getattr(run.sensor, deferral.method_name)(
            context_of(run.task_instance, wait_minutes=10), event={"status": "found"}
        )


def test_waiting_in_vain_is_a_skip(run: Run) -> None:
    message = run.skipped(wait_minutes=10, began_minutes_ago=11)
    assert message.endswith("within 10 minutes: nothing to do")


def test_keys_that_were_dealt_with_are_not_waited_for(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, HEADER_V1 + row_v1())
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run()
    assert run.skipped(wait_minutes=10, keys=[A]) == f"Dealt with already, in the current version: {A}"


def test_when_no_triggerer_ran_until_the_time_was_over_it_looks_once_more(deployed: DeployedPipeline, run: Run) -> None:
    deferral = run.deferred(wait_minutes=10)
    timed_out = {"error": "Trigger timeout"}
    deployed.put(A, b"a")
    context = context_of(run.task_instance, wait_minutes=10)
    run.sensor.resume_execution("__fail__", timed_out, context)
    assert deferral.timeout is not None
    assert run.task_instance.xcoms["new_objects"]["keys"] == [A]


def test_waiting_in_vain_for_a_key_names_it(deployed: DeployedPipeline, run: Run) -> None:
    deployed.put(A, b"a")
    run.deferred(wait_minutes=1, keys=[A, B])
    assert run.skipped(wait_minutes=1, keys=[A, B], began_minutes_ago=2) == f"Did not arrive within 1 minute: {B}"


@pytest.fixture
def failed_before(deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new object on which the ingestion failed three times a minute ago; returns when it is tried again."""
    deployed.put(A, b"a")
    ended_at = datetime.now(UTC) - timedelta(minutes=1)
    monkeypatch.setattr(backoff, "read", lambda job, digest: backoff.Backoff(failures=3, ended_at=ended_at))
    return f"{ended_at + timedelta(minutes=4):%H:%M} UTC"


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered"])
def test_a_set_that_failed_is_left_alone_for_a_while_and_the_run_is_red(
    deployed: DeployedPipeline, run: Run, failed_before: str, run_type: str
) -> None:
    with pytest.raises(KnownFailure) as failure:
        run.look(run_type=run_type)
    message = str(failure.value)
    assert message.startswith(f"3 runs of ingestion-{deployed.name} failed on the same 1 new object; ")
    assert f"next try at {failed_before}, or when another object arrives" in message
    assert run.summary == message


def test_views_that_are_behind_follow_while_a_set_is_left_alone(
    deployed: DeployedPipeline, run: Run, failed_before: str
) -> None:
    deployed.put(B, HEADER_V1 + row_v1())
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run([B])
    run.look(run_type="scheduled")
    assert "failed on the same 1 new object" in run.task_instance.xcoms["left_alone"]


def test_somebody_who_starts_a_run_is_not_kept_waiting(run: Run, failed_before: str) -> None:
    run.look()
    assert run.summary == "1 new object"


def test_after_its_time_a_set_that_failed_is_tried_again(
    run: Run, failed_before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=3)
    monkeypatch.setattr(backoff, "now", lambda: later)
    run.look(run_type="scheduled")
    assert run.summary == "1 new object"
