"""Sensor that looks for new objects."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk.exceptions import AirflowSkipException

from data_hub.airflow import polling
from data_hub.airflow.failures import failing_without_retry
from data_hub.airflow.jobs import read_deployment
from data_hub.airflow.summary import leave_summary

if TYPE_CHECKING:
    from airflow.sdk import Context

    from data_hub.pipeline import Pipeline

TIMEOUT = timedelta(minutes=15)
NEW_OBJECTS_KEY = "new_objects"
_KEYS_IN_XCOM = 100
_KEYS_IN_LOG = 10


class NewObjectsSensor(S3KeySensor):
    """An S3KeySensor that goes on when there is work: a new object, or a job that is behind the table.

    The stock sensor is satisfied by any object for ever, also by one that was ingested last year. Which bucket and
    ledger are meant is read from the deployed job when the task runs.

    Args:
        pipeline: the pipeline whose source is looked at.
        kwargs: arguments of BaseOperator.
    """

    def __init__(self, *, pipeline: Pipeline, **kwargs: Any) -> None:
        super().__init__(
            bucket_key=pipeline.source.prefix + pipeline.source.pattern,
            wildcard_match=True,
            deferrable=False,
            aws_conn_id=None,
            poke_interval=polling.poll_seconds(),
            timeout=TIMEOUT.total_seconds(),
            execution_timeout=TIMEOUT,
            **kwargs,
        )
        self.pipeline = pipeline

    def poke(self, context: Context) -> bool:
        """Look for work, and leave ``{"count": number of new objects, "keys": the first 100}`` in XCom.

        Returns:
            True: there is work.

        Raises:
            AirflowSkipException: there is none, so the jobs have nothing to do.
            AirflowFailException: job or bucket is missing.
        """
        from data_hub import backlog

        with failing_without_retry():
            deployment = read_deployment(self.pipeline)
            found = backlog.read(self.pipeline, deployment)
        leave_summary(context, str(found))
        location = f"s3://{deployment.source_bucket}/{self.bucket_key}"
        if found.is_empty:
            raise AirflowSkipException(f"No new objects at {location}: nothing to do")
        keys = [item.key for item in found.objects[:_KEYS_IN_XCOM]]
        self.log.info("%s at %s: %s", found, location, ", ".join(keys[:_KEYS_IN_LOG]))
        context["ti"].xcom_push(key=NEW_OBJECTS_KEY, value={"count": len(found.objects), "keys": keys})
        return True
