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
_KEYS_IN_XCOM = 100
_KEYS_IN_LOG = 10


class NewObjectsSensor(S3KeySensor):
    """An S3KeySensor that goes on when an object is new: it is not in the ledger with its current content.

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
            aws_conn_id=None,
            poke_interval=polling.poll_seconds(),
            timeout=TIMEOUT.total_seconds(),
            execution_timeout=TIMEOUT,
            **kwargs,
        )
        self.pipeline = pipeline

    def execute(self, context: Context) -> Any:
        """Look once for new objects.

        Returns:
            ``{"count": number of new objects, "keys": the first 100 of them}``.

        Raises:
            AirflowSkipException: nothing is new, so there is no work for the jobs.
            AirflowFailException: job or bucket is missing.
        """
        from data_hub import arrivals

        with failing_without_retry():
            deployment = read_deployment(self.pipeline)
            keys = [item.key for item in arrivals.new_objects(self.pipeline, deployment)]
        location = f"s3://{deployment.source_bucket}/{self.bucket_key}"
        if not keys:
            leave_summary(context, "no new objects")
            raise AirflowSkipException(f"No new objects at {location}: nothing to do")
        self.log.info("%d new objects at %s: %s", len(keys), location, ", ".join(keys[:_KEYS_IN_LOG]))
        leave_summary(context, "1 new object" if len(keys) == 1 else f"{len(keys):,} new objects")
        return {"count": len(keys), "keys": keys[:_KEYS_IN_XCOM]}
