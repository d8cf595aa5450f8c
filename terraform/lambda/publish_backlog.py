"""Lambda function publish-backlog-lambda: how many files of each pipeline wait, and for how long.

It prints metrics in CloudWatch's embedded metric format, a line per pipeline:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import job_runs
import pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines import DeployedPipeline

NAMESPACE = "SimpleDataHub"
# So long Glue keeps job runs. When it has none, nobody knows any more whether what is older was ingested.
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
HISTORY = timedelta(days=90)
UNITS = {"BacklogFiles": "Count", "OldestArrivalSeconds": "Seconds", "ErroredActions": "Count"}


class NotPublishedError(Exception):
    """Pipelines whose backlog could not be read; that of all others was published."""


@dataclass(frozen=True)
class Backlog:
    """Objects that no run has dealt with, as far as the runs' times tell.

    Attributes:
        files: how many.
        oldest: when the oldest arrived.
    """

    files: int = 0
    oldest: datetime | None = None


def handler(_event: object, _context: object) -> None:
    """Publish the backlog of each pipeline.

    Raises:
        NotPublishedError: of some it could not be read.
    """
    failed = {}
    for pipeline in pipelines.deployed():
        try:
            metrics = _measure(pipeline, datetime.now(UTC))
        except (ClientError, BotoCoreError) as error:
            failed[pipeline.pipeline] = str(error)
            _print({"level": "ERROR", "pipeline": pipeline.pipeline, "reason": str(error)})
        else:
            _print(_embedded(pipeline.pipeline, metrics))
    if failed:
        raise NotPublishedError(json.dumps(failed))


def _measure(pipeline: DeployedPipeline, now: datetime) -> dict[str, float]:
    runs = [job_runs.last_runs(_glue(), job) for job in pipeline.ingestion_jobs]
    # The end of a run, not its start: with Airflow no other run follows for what arrived while this one worked and
    # took it, and the alarm would not end. What came after the run's last look waits at most for the next arrival.
    since = job_runs.ingested_until(runs, "CompletedOn") if all(runs) else now - HISTORY
    backlog = _count(_arrivals(pipeline), since)
    return {
        "BacklogFiles": backlog.files,
        "OldestArrivalSeconds": max(0.0, round((now - backlog.oldest).total_seconds(), 3)) if backlog.oldest else 0,
        "ErroredActions": _errored_actions(pipeline.workflow, job_runs.ingested_until(runs)),
    }


def _count(arrivals: Iterable[datetime], since: datetime | None) -> Backlog:
    files, oldest = 0, None
    for moment in arrivals:
        if since is None or moment > since:
            files += 1
            oldest = min(oldest or moment, moment)
    return Backlog(files, oldest)


def _arrivals(pipeline: DeployedPipeline) -> Iterator[datetime]:
    # A page at a time: a source may hold millions of objects.
    pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=pipeline.bucket, Prefix=pipeline.prefix)
    for page in pages:
        for item in page.get("Contents", []):
            if pipeline.takes(pipeline.bucket, item["Key"]):
                yield item["LastModified"]


def _errored_actions(workflow: str, ingested_until: datetime | None) -> int:
    """Return how many jobs the last workflow run could not start, unless Airflow has made up for it since."""
    last = _glue().get_workflow(Name=workflow)["Workflow"].get("LastRun", {})
    if ingested_until and last.get("CompletedOn", ingested_until) < ingested_until:
        return 0
    return int(last.get("Statistics", {}).get("ErroredActions", 0))


def _embedded(pipeline: str, metrics: dict[str, float]) -> dict[str, Any]:
    definitions = [{"Name": name, "Unit": UNITS[name]} for name in metrics]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Pipeline"]], "Metrics": definitions}
    timestamp = int(datetime.now(UTC).timestamp() * 1000)
    return {"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}, "Pipeline": pipeline, **metrics}


@functools.cache
def _s3() -> Any:
    return boto3.client("s3")


@functools.cache
def _glue() -> Any:
    return boto3.client("glue")


def _print(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201
