"""What wakes the DAG, and what a waiting run waits for."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from airflow.sdk.module_loading import import_string
from deployed_pipeline import DeployedPipeline, MakeGlueJob

from data_hub import backoff
from data_hub.airflow import arrival_triggers
from data_hub.airflow.arrival_looks import PatientLooks
from data_hub.airflow.arrival_triggers import ArrivalTrigger, NewObjectsTrigger, watched_by
from data_hub.errors import DataHubError
from local_aws.process import LocalAws

A = "collections-data/ingest_ts=1/a.csv"
B = "collections-data/ingest_ts=1/b.csv"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """A pause of a trigger is over at once; what is to happen in it happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        self.pauses: list[float] = []
        self.agenda: list[Callable[[], object]] = []
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        monkeypatch.setattr(arrival_triggers.asyncio, "sleep", self.sleep)
        monkeypatch.setattr(arrival_triggers.time, "time", lambda: self.now.timestamp())
        monkeypatch.setattr(backoff, "now", lambda: self.now)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)
        if not self.agenda:
            raise asyncio.CancelledError
        self.agenda.pop(0)()
        await self._sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def events_of(trigger: ArrivalTrigger | NewObjectsTrigger, limit: int | None = None) -> list[Any]:
    """Run a trigger, made again from what Airflow stores of it, until the clock's agenda is done."""
    path, arguments = trigger.serialize()
    payloads: list[Any] = []

    async def collect() -> None:
        async for event in import_string(path)(**arguments).run():
            payloads.append(event.payload)
            if len(payloads) == limit:
                return

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(collect())
    return payloads


def nothing() -> None:
    """A pause in which nothing happens."""


def watcher(deployed: DeployedPipeline, **changes: Any) -> ArrivalTrigger:
    return ArrivalTrigger(**{**watched_by(deployed.pipeline), "poll_seconds": 5, **changes})


def test_each_arrival_is_announced_once(deployed: DeployedPipeline, clock: Clock) -> None:
    clock.agenda = [nothing, lambda: deployed.put(A, b"a"), nothing, lambda: deployed.put(B, b"b"), nothing]
    assert events_of(watcher(deployed)) == [{"count": 1, "keys": [A]}, {"count": 2, "keys": [A, B]}]
    assert clock.pauses == [5] * 6


def test_an_announcement_names_ten_keys(deployed: DeployedPipeline, clock: Clock) -> None:
    for number in range(11):
        deployed.put(f"collections-data/ingest_ts=1/{number}.csv", b"a")
    (event,) = events_of(watcher(deployed))
    assert (event["count"], len(event["keys"])) == (11, 10)


def test_what_stays_new_is_announced_again_after_1_2_and_4_minutes(deployed: DeployedPipeline, clock: Clock) -> None:
    deployed.put(A, b"a")
    clock.agenda = [nothing] * 14
    assert len(events_of(watcher(deployed, poll_seconds=30))) == 4


def test_a_running_ingestion_is_left_to_find_the_rest_itself(
    deployed: DeployedPipeline, clock: Clock, make_glue_job: MakeGlueJob
) -> None:
    job = make_glue_job(
        "import time; time.sleep(60)", name=f"busy-{deployed.name}", arguments=deployed.deployment.to_arguments()
    )
    glue = deployed.aws.client("glue")
    run_id = glue.start_job_run(JobName=job)["JobRunId"]
    deployed.put(A, b"a")

    def end() -> None:
        glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
        while glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"] != "STOPPED":
            time.sleep(0.05)

    clock.agenda = [nothing, end]
    assert events_of(watcher(deployed, job_name=job)) == [{"count": 1, "keys": [A]}]
    assert len(clock.pauses) == 3


def test_a_set_that_failed_is_left_alone_for_its_time(
    deployed: DeployedPipeline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed_twice_a_minute_ago(job: str, digest: str) -> backoff.Backoff:
        asked.add((job, digest))
        return backoff.Backoff(failures=2, ended_at=NOON - timedelta(seconds=60))

    asked: set[tuple[str, str]] = set()
    monkeypatch.setattr(backoff, "read", failed_twice_a_minute_ago)
    deployed.put(A, b"a")
    clock.agenda = [nothing] * 5
    assert len(events_of(watcher(deployed, poll_seconds=20))) == 1
    assert [(job, len(digest)) for job, digest in asked] == [(f"ingestion-{deployed.name}", 32)]
    clock.agenda = [nothing] * 2
    clock.now = NOON
    assert events_of(watcher(deployed, poll_seconds=20)) == []


def test_a_redeployment_to_another_bucket_is_noticed(deployed: DeployedPipeline, clock: Clock) -> None:
    deployed.aws.client("s3").create_bucket(Bucket=f"{deployed.name}-moved")
    deployed.aws.client("s3").put_object(Bucket=f"{deployed.name}-moved", Key=B, Body=b"b")

    def redeploy() -> None:
        arguments = {**deployed.deployment.to_arguments(), "--source_bucket": f"{deployed.name}-moved"}
        update: Any = {"Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://s/x.py"}}
        deployed.aws.client("glue").update_job(
            JobName=f"ingestion-{deployed.name}", JobUpdate=update | {"DefaultArguments": arguments}
        )

    clock.agenda = [redeploy]
    assert events_of(watcher(deployed)) == [{"count": 1, "keys": [B]}]


def test_a_job_that_is_not_deployed_is_told_once_and_looked_for_ever_more_rarely(aws: LocalAws, clock: Clock) -> None:
    clock.agenda = [nothing] * 7
    assert events_of(watcher(DeployedPipeline(aws))) == []
    assert clock.pauses == [10, 20, 40, 80, 160, 300, 300, 300]


class RecordingLog:
    """A logger whose lines a test reads."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, bool]] = []

    def info(self, event: str, *values: Any) -> None:
        self.lines.append(("info", event % values, False))

    def warning(self, event: str, *values: Any, exc_info: BaseException | None) -> None:
        self.lines.append(("warning", event % values, exc_info is not None))


def take(outcomes: Sequence[Exception | int]) -> tuple[list[tuple[str, str, bool]], list[float]]:
    """Take looks that end so; return what was logged, and the pauses."""
    log, left = RecordingLog(), list(outcomes)
    looks, pauses = PatientLooks(1, log), []

    def look() -> int:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def take_all() -> None:
        while left:
            await looks.take(look)
            pauses.append(looks.pause)

    asyncio.run(take_all())
    return log.lines, pauses


def test_an_error_is_told_when_it_begins_when_it_changes_and_when_it_ends() -> None:
    lines, pauses = take([DataHubError("deploy it"), DataHubError("deploy it"), OSError("no way"), 1, 1])
    assert lines == [
        ("warning", "Cannot look for new objects, and go on trying: deploy it", False),
        ("warning", "Cannot look for new objects, and go on trying: OSError: no way", False),
        ("info", "Looking for new objects works again", False),
    ]
    assert pauses == [2, 4, 8, 1, 1]


def test_of_an_error_that_nobody_foresaw_the_stack_is_told() -> None:
    lines, _ = take([ZeroDivisionError("x")])
    assert lines == [("warning", "Cannot look for new objects, and go on trying: ZeroDivisionError: x", True)]


def waiting(deployed: DeployedPipeline, **arguments: Any) -> NewObjectsTrigger:
    deadline = (NOON + timedelta(minutes=1)).timestamp()
    return NewObjectsTrigger(**{**watched_by(deployed.pipeline), "poll_seconds": 5, "deadline": deadline, **arguments})


def test_waiting_ends_with_the_first_object(deployed: DeployedPipeline, clock: Clock) -> None:
    clock.agenda = [nothing, lambda: deployed.put(A, b"a")]
    assert events_of(waiting(deployed)) == [{"status": "found"}]


def test_waiting_for_keys_ends_when_all_are_there(deployed: DeployedPipeline, clock: Clock) -> None:
    arrivals = ("collections-data/ingest_ts=1/other.csv", A, B)
    clock.agenda = [partial(deployed.put, key, b"x") for key in arrivals]
    assert events_of(waiting(deployed, keys=[A, B])) == [{"status": "found"}]
    assert len(clock.pauses) == 3


def test_waiting_ends_at_a_moment_that_a_restart_does_not_move(deployed: DeployedPipeline, clock: Clock) -> None:
    trigger = waiting(deployed, poll_seconds=25)
    clock.agenda = [nothing]
    assert events_of(trigger) == []
    clock.agenda, clock.pauses = [nothing] * 9, []
    assert events_of(trigger) == [{"status": "timeout"}]
    assert clock.pauses == [10]


@pytest.mark.parametrize("trigger", [ArrivalTrigger, NewObjectsTrigger])
def test_what_an_older_release_stored_is_still_understood(trigger: type[Any]) -> None:
    # Arguments as the first release stores them. They may grow, with defaults, and never shrink.
    stored = {"job_name": "j", "prefix": "p/", "pattern": "*.csv", "table": "t", "ledger": "t_ledger"}
    path, arguments = trigger(**stored).serialize()
    assert path == f"data_hub.airflow.arrival_triggers.{trigger.__name__}"
    assert stored.items() <= arguments.items()


def test_the_stored_arguments_are_small_and_say_nothing_of_the_contract(deployed: DeployedPipeline) -> None:
    assert len(str(watcher(deployed).serialize())) < 400
