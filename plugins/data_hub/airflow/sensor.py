"""Sensor that looks for new objects, and waits for them when somebody asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

from data_hub import backoff
from data_hub.airflow import polling, sensor_messages
from data_hub.airflow.arrival_triggers import NewObjectsTrigger, watched_by
from data_hub.airflow.failures import KnownFailure, failing_without_retry
from data_hub.airflow.jobs import read_deployment
from data_hub.airflow.params import LONGEST_WAIT_MINUTES, RunOptions
from data_hub.airflow.summary import leave_summary
from data_hub.pipelines import graph

if TYPE_CHECKING:
    from airflow.sdk import Context

    from data_hub.ledgers.backlog import Backlog
    from data_hub.pipelines.pipeline import Pipeline

LOOK_TIMEOUT = timedelta(minutes=15)
NEW_OBJECTS_KEY = "new_objects"
# Why the ingestion is not to run, though there are new objects.
LEFT_ALONE_KEY = "left_alone"

_LONGEST_WAIT = timedelta(minutes=LONGEST_WAIT_MINUTES)
_KEYS_IN_LOG = 10
_STARTED_BY_AIRFLOW = {"scheduled", "asset_triggered"}


class NewObjectsSensor(S3KeySensor):
    """An S3KeySensor that goes on when there is work: a new object, or a job that is behind the table.

    The stock sensor is satisfied by any object for ever, also by one that was ingested last year, and its trigger
    does not find nested keys. Which bucket and ledger are meant is read from the deployed job when the task runs.

    Args:
        pipeline: the pipeline whose source is looked at.
        kwargs: arguments of BaseOperator.
    """

    def __init__(self, *, pipeline: Pipeline, **kwargs: Any) -> None:
        longest = _LONGEST_WAIT + LOOK_TIMEOUT
        super().__init__(
            bucket_key=pipeline.source.prefix + pipeline.source.pattern,
            wildcard_match=True,
            deferrable=True,
            aws_conn_id=None,
            poke_interval=polling.watch_seconds(),
            timeout=longest.total_seconds(),
            # Of one look: Airflow does not count the time in the triggerer.
            execution_timeout=LOOK_TIMEOUT,
            **kwargs,
        )
        self.pipeline = pipeline

    def execute(self, context: Context) -> None:
        """Look, and wait in the triggerer when there is no work and somebody asked for it.

        Raises:
            AirflowSkipException: there is no work, so the jobs have nothing to do; or this is a dry run.
            AirflowFailException: job, bucket or a wanted object is missing, or the options exclude each other.
        """
        with failing_without_retry():
            options = RunOptions.of(context)
        if options.views_only and options.keys:
            raise AirflowFailException(sensor_messages.EXCLUSIVE)
        if options.views_only and not options.dry_run:
            leave_summary(context, sensor_messages.VIEWS_ONLY)
        elif not self.poke(context):
            self._wait(context, options)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Look again after the waiting: what the trigger saw may have been ingested since by another run.

        Raises:
            AirflowSkipException: nothing came in time.
        """
        self.log.info("The waiting ended: %s", event["status"])
        self.execute(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the triggerer; look once more when no triggerer ran until the time was over."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSensorTimeout:
            return self.execute(context)

    def poke(self, context: Context) -> bool:
        """Look for work, and leave in XCom what is new: count, the first 100 keys, and a digest of the set.

        Returns:
            True: there is work. False: there is none, and there is time left to wait.

        Raises:
            AirflowSkipException: there is none, or this is a dry run.
            AirflowFailException: job, bucket or a wanted object is missing.
            KnownFailure: there are only objects on which the job failed, and it is not time yet to try them again.
        """
        from data_hub.ledgers import backlog

        options = RunOptions.of(context)
        with failing_without_retry():
            deployment = read_deployment(self.pipeline)
            found = backlog.read(self.pipeline, deployment, options.keys)
        self._leave(context, found)
        if options.dry_run:
            raise self._skip(context, sensor_messages.dry_run(self.pipeline, found, options), as_summary=True)
        if self._is_work(found, options):
            self._leave_alone_what_failed(context, found)
            return True
        # Keys that are all there and were dealt with are nothing to wait for.
        is_awaited = not options.keys or bool(found.new.missing)
        if is_awaited and _time_left(context, options) > timedelta():
            return False
        if found.new.missing and not options.wait_minutes:
            raise AirflowFailException(sensor_messages.missing(found.new.missing, deployment.source_bucket))
        location = f"s3://{deployment.source_bucket}/{self.bucket_key}"
        raise self._skip(context, sensor_messages.nothing_to_do(found.new, options, location))

    def _leave(self, context: Context, found: Backlog) -> None:
        keys = [item.key for item in found.new.shown]
        value = {"count": found.new.count, "keys": keys, "digest": found.new.digest}
        context["ti"].xcom_push(key=NEW_OBJECTS_KEY, value=value)
        leave_summary(context, str(found))
        self.log.info("%s", ": ".join([str(found), *([", ".join(keys[:_KEYS_IN_LOG])] if keys else [])]))

    @staticmethod
    def _is_work(found: Backlog, options: RunOptions) -> bool:
        if options.keys:
            # The job is told these keys, and fails when one of them is not there.
            return found.new.count > 0 and not found.new.missing
        return not found.is_empty

    def _leave_alone_what_failed(self, context: Context, found: Backlog) -> None:
        if context["dag_run"].run_type not in _STARTED_BY_AIRFLOW or not found.new.count:
            return
        job = graph.start_jobs(self.pipeline)[0]
        runs = backoff.read(job, found.new.digest)
        if runs.until is None or backoff.now() >= runs.until:
            return
        message = sensor_messages.left_alone(job, runs.failures, found.new.count, runs.until)
        leave_summary(context, message)
        if not found.jobs:
            raise KnownFailure(message)
        self.log.info("%s. %s can follow what was committed", message, ", ".join(found.jobs))
        context["ti"].xcom_push(key=LEFT_ALONE_KEY, value=message)

    def _skip(self, context: Context, message: str, *, as_summary: bool = False) -> AirflowSkipException:
        # Airflow logs no reason of a skip.
        self.log.info("%s", message)
        if as_summary:
            leave_summary(context, message.partition("\n")[0])
        return AirflowSkipException(message)

    def _wait(self, context: Context, options: RunOptions) -> NoReturn:
        left = _time_left(context, options)
        deadline = datetime.now(UTC) + left
        self.log.info("Waiting until %s UTC for %s", f"{deadline:%H:%M:%S}", ", ".join(options.keys) or "a new object")
        self.defer(
            trigger=NewObjectsTrigger(**watched_by(self.pipeline), keys=options.keys, deadline=deadline.timestamp()),
            method_name="execute_complete",
            # The trigger ends by itself; this is for one that does not.
            timeout=left + LOOK_TIMEOUT,
        )


def _time_left(context: Context, options: RunOptions) -> timedelta:
    """Return how long a run may go on waiting, counted from its begin, so that a retry does not begin anew."""
    now = datetime.now(UTC)
    return (context["dag_run"].start_date or now) + timedelta(minutes=options.wait_minutes) - now
