"""What a run has to do: objects that are new, and jobs that have not followed the table's last commit."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import boto3
from pyiceberg.exceptions import NoSuchTableError

from data_hub.iceberg import commit
from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers import arrivals
from data_hub.ledgers.arrivals import NewObjects
from data_hub.pipelines import graph
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted

_RUNS_LOOKED_AT = 200


@dataclass(frozen=True)
class Backlog:
    """What a run has to do.

    Attributes:
        new: objects whose current version was not dealt with.
        jobs: jobs below the ingestion without a SUCCEEDED run since the table's last commit: an earlier run ended
            before they could follow, and what they make is out of date.
    """

    new: NewObjects
    jobs: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.new.count and not self.jobs

    def __str__(self) -> str:
        """Return the backlog in a few words."""
        objects = counted(self.new.count, "new object") if self.new.count else "no new objects"
        return f"{objects}; {', '.join(self.jobs)} behind" if self.jobs else objects


def read(pipeline: Pipeline, deployment: Deployment, keys: Collection[str] = ()) -> Backlog:
    """Look at bucket, ledger, table and job runs.

    Args:
        pipeline: source, table and jobs.
        deployment: buckets and database.
        keys: look at these objects only; empty for all.

    Raises:
        DataHubError: the bucket does not exist or may not be listed.
        ClientError: AWS could not answer.
    """
    return Backlog(arrivals.new_objects(pipeline, deployment, keys), _jobs_behind(pipeline, deployment))


def _jobs_behind(pipeline: Pipeline, deployment: Deployment) -> list[str]:
    try:
        snapshot = commit.last(open_catalog().load_table((deployment.database, pipeline.table.name)))
    except NoSuchTableError:
        return []
    if snapshot is None:
        return []
    committed_at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
    followers = [job for job in pipeline.jobs if job not in graph.start_jobs(pipeline)]
    return [job for job in followers if not _has_succeeded_since(committed_at, job)]


def _has_succeeded_since(moment: datetime, job: str) -> bool:
    glue = boto3.client("glue")
    pages = glue.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"MaxItems": _RUNS_LOOKED_AT})
    try:
        return any(
            run["JobRunState"] == "SUCCEEDED" and run["StartedOn"] >= moment
            for page in pages
            for run in page["JobRuns"]
        )
    except glue.exceptions.EntityNotFoundException:
        return False  # its task will say that it is not deployed
