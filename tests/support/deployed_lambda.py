"""What the tests of both Lambda functions share: a pipeline as it is deployed, and its job runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines import DeployedPipeline

NOW = datetime.now(UTC)
INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"
COLLECTIONS = DeployedPipeline(
    pipeline="collections",
    workflow="collections",
    bucket="raw",
    prefix="collections-data/",
    pattern="ingest_ts=*/*.csv*",
    jobs=[INGESTION, VIEWS],
    ingestion_jobs=[INGESTION],
)
OTHER = DeployedPipeline("other", "other-workflow", "raw", "other-data/", "*.csv", ["other-ingest"], ["other-ingest"])


def job_run(state: str, *, started: float, ended: float | None = None, keys: str | None = None) -> dict[str, Any]:
    """Return a job run; times are in seconds before now."""
    run: dict[str, Any] = {"Id": "jr_1", "JobRunState": state, "StartedOn": NOW - timedelta(seconds=started)}
    if ended is not None:
        run["CompletedOn"] = NOW - timedelta(seconds=ended)
    return run | ({"Arguments": {"--keys": keys}} if keys else {})
