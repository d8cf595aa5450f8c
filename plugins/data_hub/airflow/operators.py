"""Operator that runs a deployed Glue job."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import quote

from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred
from botocore.exceptions import ClientError

from data_hub import backoff
from data_hub.airflow import job_log, polling
from data_hub.airflow.failures import failing_without_retry
from data_hub.airflow.hooks import TASK_UUID_ARGUMENT, DeployedGlueJobHook, is_refusal
from data_hub.airflow.job_run_outcome import FAILURES, SUCCEEDED, WORKING, is_worth_a_retry
from data_hub.airflow.job_run_report import STATE_KEY, leave_report
from data_hub.airflow.jobs import find_runs, read_job_run, stop_run
from data_hub.airflow.params import RunOptions
from data_hub.airflow.sensor import LEFT_ALONE_KEY, NEW_OBJECTS_KEY
from data_hub.airflow.task_ids import SENSOR
from data_hub.airflow.triggers import FreeSlotTrigger, GlueJobRunTrigger
from data_hub.pipelines import graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context
    from mypy_boto3_glue.type_defs import JobRunTypeDef

    from data_hub.pipelines.pipeline import Pipeline

JOB_RUN_ID_KEY = "glue_job_run_id"
# Time to get workers, and to end after the job's own timeout.
GRACE = timedelta(minutes=15)
# SQLite gives the id of an Airflow trigger that is gone to the next one, and Airflow delivers events by that id: what
# the trigger of a cleared task says at its end can reach a task that has just been deferred.
_NOT_OURS = "Waiting on: this is said by the Airflow trigger of another task: %s"


class GlueJobRunOperator(GlueJobOperator):
    """Starts a run of a deployed Glue job and waits for its end, deferred.

    - The job is never created: a job that is not deployed fails the task at once.
    - While Glue refuses the start because other runs of the job are going, the task waits for its turn, deferred.
    - It waits a little longer than the job's own timeout, so Glue's TIMEOUT is what ends a run that hangs.
    - SUCCEEDED alone is a success. Any other end fails the task with Glue's ErrorMessage, and is tried again as often
      as ``retries`` says, but for a run that somebody stopped and for a DataHubError, which a person has to mend.
    - A retry goes on with the run that an earlier try started, if it is still going or has SUCCEEDED meanwhile, instead
      of starting a second one. A task that a user clears starts anew.
    - A user who kills the task stops the run.
    - AWS credentials are those of boto3's default chain (on MWAA the execution role), as everywhere in the library.

    Args:
        job_name: the Glue job.
        pipeline: the pipeline that the job belongs to.
        job_timeout: the job's own timeout.
        kwargs: arguments of BaseOperator.
    """

    aws_hook_class = DeployedGlueJobHook

    def __init__(self, *, job_name: str, pipeline: Pipeline, job_timeout: timedelta, **kwargs: Any) -> None:
        longest = job_timeout + GRACE
        seconds = polling.poll_seconds()
        super().__init__(
            job_name=job_name,
            deferrable=True,
            stop_job_run_on_kill=True,
            waiter_delay=seconds,
            waiter_max_attempts=polling.attempts(longest, seconds),
            aws_conn_id=None,
            # Of the time on a worker: Airflow does not count that in the triggerer.
            execution_timeout=GRACE,
            **_reattaching(),
            **kwargs,
        )
        self.pipeline = pipeline
        self.job_timeout = job_timeout

    def execute(self, context: Context) -> NoReturn:
        """Start a run, or find the one that an earlier try of this task started, and wait for it in the triggerer.

        Raises:
            AirflowSkipException: this job ingests, and the DAG run is for the views only.
            AirflowFailException: the job is not deployed.
            ClientError: Glue refused the start; Airflow tries again.
        """
        if self._is_start_job:
            _skip_unless_wanted(context)
        self._start(context)

    def execute_when_free(self, context: Context, event: Mapping[str, Any]) -> NoReturn:
        """Start a run after the wait for a free slot; arguments and errors as for ``execute``.

        Raises:
            AirflowException: no slot was free for longer than a run may take; Airflow tries again.
        """
        if "is_free" not in event:
            self.log.info(_NOT_OURS, event)
            self._wait_for_slot()
        if not event["is_free"]:
            minutes = (self.job_timeout + GRACE) // timedelta(minutes=1)
            raise AirflowException(
                f"Glue job {self.job_name} had no free slot for {minutes} minutes: other runs of it are going; stop "
                "them, or raise max_concurrent_runs in the pipeline file"
            )
        self._start(context)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Look at how the run ended.

        Args:
            context: of the task.
            event: what the Airflow trigger says.
            run_id: the job run that the task waits for.

        Returns:
            The job run's id.

        Raises:
            AirflowFailException: the run was STOPPED, or a DataHubError ended it; the text is Glue's ErrorMessage.
            AirflowException: it ended in another way, or could not be watched to its end; Airflow tries again.
        """
        event = validate_execute_complete_event(event)
        if run_id and event.get("run_id") != run_id:
            self.log.info(_NOT_OURS, event)
            self._wait_for_end(run_id)
        job_run = read_job_run(self.job_name, event["run_id"])
        state = job_run["JobRunState"]
        context["ti"].xcom_push(key=STATE_KEY, value=state)
        if state != SUCCEEDED and state not in FAILURES:
            raise AirflowException(f"{_name(job_run)} is still {state}, but cannot be watched: {event.get('message')}")
        output = job_log.copy(job_run)
        leave_report(context, self.pipeline, job_run, output)
        if state != SUCCEEDED:
            _raise_failure(job_run)
        return str(job_run["Id"])

    def on_kill(self) -> None:
        """Stop the job run: the task was killed before it was deferred."""
        if self._job_run_id:
            super().on_kill()  # type: ignore[no-untyped-call]

    def is_job_active(self, status: str) -> bool:
        """Tell whether a retry may go on with a run in this state."""
        return status in WORKING

    @property
    def _is_start_job(self) -> bool:
        return self.job_name in graph.start_jobs(self.pipeline)

    def _start(self, context: Context) -> NoReturn:
        task_uuid = self._task_uuid(context)
        is_retry = context["ti"].try_number > self._first_try(context)
        if not is_retry and context["ti"].try_number > 1:
            self._stop_cleared_runs(task_uuid)
        earlier = self._find_earlier_run(task_uuid) if is_retry else None
        if earlier:
            self._leave_run_id(context, earlier)
            self._wait_for_end(earlier)
        self.script_args = {**self.script_args, TASK_UUID_ARGUMENT: task_uuid, **self._arguments(context)}
        # Providers before 9.39 would read all runs of the job, also in the first try, which cannot have one.
        self.resume_glue_job_on_retry = is_retry
        # Airflow may run several tries with one operator, for example in dag.test().
        self._job_run_id = None
        try:
            with failing_without_retry():
                super().execute(context)
        except TaskDeferred as deferral:
            self._wait_for_end(cast("GlueJobRunTrigger", deferral.trigger).run_id)
        except ClientError as error:
            if not is_refusal(error):
                raise
        self._wait_for_slot()

    def _first_try(self, context: Context) -> int:
        """Return the number of the first try since the task was last cleared: Airflow then allows all retries again."""
        return max(context["ti"].max_tries - int(self.retries or 0) + 1, 1)

    def _task_uuid(self, context: Context) -> str:
        instance = context["ti"]
        parts = (instance.dag_id, instance.task_id, instance.run_id, instance.map_index, self._first_try(context))
        return ":".join(str(part) for part in parts) + ":"

    def _find_earlier_run(self, task_uuid: str) -> str | None:
        """Return the run of an earlier try that is working or has succeeded: that try died before it could say so.

        One look decides: the stock operator's own, a moment later, takes a run that has just succeeded for lost.
        """
        job_run = next(iter(find_runs(self.job_name, TASK_UUID_ARGUMENT, task_uuid)), None)
        if job_run is None or job_run["JobRunState"] not in WORKING | {SUCCEEDED}:
            return None
        self.log.info("%s, which an earlier try of this task started, is %s", _name(job_run), job_run["JobRunState"])
        return job_run["Id"]

    def _stop_cleared_runs(self, task_uuid: str) -> None:
        """Stop what was going when a user cleared the task: its Airflow trigger is not always told, or not in time."""
        of_this_task = task_uuid.removesuffix(":").rpartition(":")[0] + ":"
        for job_run in find_runs(self.job_name, TASK_UUID_ARGUMENT, of_this_task):
            if job_run["JobRunState"] in WORKING:
                self.log.info("Stopping %s: the task was cleared", _name(job_run))
                stop_run(self.job_name, job_run["Id"])

    def _arguments(self, context: Context) -> dict[str, str]:
        if not self._is_start_job:
            return {}
        # A run for some keys says nothing about the others: it has no digest, and so no part in the backoff.
        if keys := RunOptions.of(context).keys:
            return {"--keys": json.dumps(keys)}
        new_objects = context["ti"].xcom_pull(task_ids=SENSOR, key=NEW_OBJECTS_KEY) or {}
        return {f"--{backoff.ARGUMENT}": new_objects["digest"]} if "digest" in new_objects else {}

    def _leave_run_id(self, context: Context, run_id: str) -> None:
        """Leave in XCom what the stock operator leaves when it starts a run."""
        context["ti"].xcom_push(key=JOB_RUN_ID_KEY, value=run_id)
        GlueJobRunDetailsLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            job_name=quote(self.job_name, safe=""),
            job_run_id=run_id,
        )

    def _wait_for_slot(self) -> NoReturn:
        self.log.info("As many runs of Glue job %s as it may have are going: waiting for a free slot", self.job_name)
        self.defer(
            trigger=FreeSlotTrigger(self.job_name, self.waiter_delay, self.waiter_max_attempts),
            method_name="execute_when_free",
            timeout=self._defer_timeout,
        )

    def _wait_for_end(self, run_id: str) -> NoReturn:
        self.defer(
            trigger=GlueJobRunTrigger(
                job_name=self.job_name,
                run_id=run_id,
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
            ),
            method_name="execute_complete",
            kwargs={"run_id": run_id},
            timeout=self._defer_timeout,
        )

    @property
    def _defer_timeout(self) -> timedelta:
        # The Airflow trigger ends before that, and can say why. This is for a trigger that nobody runs.
        return self.job_timeout + 2 * GRACE


def _skip_unless_wanted(context: Context) -> None:
    if RunOptions.of(context).views_only:
        raise AirflowSkipException("views only: this run was started without an ingestion")
    if reason := context["ti"].xcom_pull(task_ids=SENSOR, key=LEFT_ALONE_KEY):
        raise AirflowSkipException(reason)


def _reattaching() -> dict[str, Any]:
    """Return the argument that lets a retry find its run; providers before 9.39 have another one."""
    name = "durable"
    if name not in inspect.signature(GlueJobOperator.__init__).parameters:
        name = "resume_glue_job_on_retry"
    return {name: True}


def _name(job_run: JobRunTypeDef) -> str:
    return f"Run {job_run['Id']} of Glue job {job_run['JobName']}"


def _raise_failure(job_run: JobRunTypeDef) -> NoReturn:
    state = job_run["JobRunState"]
    reason = job_run.get("ErrorMessage") or FAILURES[state]
    message = f"{_name(job_run)} ended {state}: {reason}"
    if is_worth_a_retry(state, reason):
        raise AirflowException(message)
    raise AirflowFailException(message)
