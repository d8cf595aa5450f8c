"""Operator that runs a deployed Glue job."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from data_hub.airflow import polling
from data_hub.airflow.failures import failing_without_retry
from data_hub.airflow.hooks import DeployedGlueJobHook
from data_hub.airflow.job_run_outcome import FAILURES, SUCCEEDED, is_worth_a_retry
from data_hub.airflow.jobs import read_job_run
from data_hub.airflow.summary import leave_summary
from data_hub.airflow.triggers import GlueJobRunTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context
    from mypy_boto3_glue.type_defs import JobRunTypeDef

JOB_RUN_ID_KEY = "glue_job_run_id"
STATE_KEY = "glue_state"
# Time to get workers, and to end after the job's own timeout.
GRACE = timedelta(minutes=15)


class GlueJobRunOperator(GlueJobOperator):
    """Starts a run of a deployed Glue job and waits for its end, deferred.

    - The job is never created: a job that is not deployed fails the task at once.
    - It waits a little longer than the job's own timeout, so Glue's TIMEOUT is what ends a run that hangs.
    - SUCCEEDED alone is a success. Any other end fails the task with Glue's ErrorMessage, and is tried again as often
      as ``retries`` says, but for a run that somebody stopped and for a DataHubError, which a person has to mend.
    - ``durable``: a retry goes on with a run that is still going instead of starting a second one.
    - AWS credentials are those of boto3's default chain (on MWAA the execution role), as everywhere in the library.

    Args:
        job_name: the Glue job.
        job_timeout: the job's own timeout.
        kwargs: arguments of BaseOperator.
    """

    aws_hook_class = DeployedGlueJobHook

    def __init__(self, *, job_name: str, job_timeout: timedelta, **kwargs: Any) -> None:
        longest = job_timeout + GRACE
        seconds = polling.poll_seconds()
        super().__init__(
            job_name=job_name,
            deferrable=True,
            durable=True,
            waiter_delay=seconds,
            waiter_max_attempts=polling.attempts(longest, seconds),
            aws_conn_id=None,
            execution_timeout=longest,
            **kwargs,
        )
        self.job_timeout = job_timeout

    def execute(self, context: Context) -> NoReturn:
        """Start a run, or find the one that an earlier try of this task started, and wait for it in the triggerer.

        Raises:
            AirflowFailException: the job is not deployed.
            ClientError: Glue refused the start; Airflow tries again.
        """
        with failing_without_retry():
            job_run_id = self.submit_job(context)
        self.defer(
            trigger=GlueJobRunTrigger(
                job_name=self.job_name,
                run_id=job_run_id,
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
            ),
            method_name="execute_complete",
            timeout=self.execution_timeout,
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Look at how the run ended.

        Returns:
            The job run's id.

        Raises:
            AirflowFailException: the run was STOPPED, or a DataHubError ended it; the text is Glue's ErrorMessage.
            AirflowException: it ended in another way, or could not be watched to its end; Airflow tries again.
        """
        event = validate_execute_complete_event(event)
        job_run = read_job_run(self.job_name, event["run_id"])
        context["ti"].xcom_push(key=STATE_KEY, value=job_run["JobRunState"])
        if job_run["JobRunState"] != SUCCEEDED:
            self._raise_failure(job_run, event)
        leave_summary(context, f"{SUCCEEDED} in {job_run.get('ExecutionTime', 0)} s")
        return str(job_run["Id"])

    def _raise_failure(self, job_run: JobRunTypeDef, event: Mapping[str, Any]) -> NoReturn:
        state = job_run["JobRunState"]
        run = f"Run {job_run['Id']} of Glue job {self.job_name}"
        if state not in FAILURES:
            raise AirflowException(f"{run} is still {state}, but it could not be watched: {event.get('message')}")
        reason = job_run.get("ErrorMessage") or FAILURES[state]
        message = f"{run} ended {state}: {reason}"
        if is_worth_a_retry(state, reason):
            raise AirflowException(message)
        raise AirflowFailException(message)
