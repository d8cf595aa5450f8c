"""What the tests of both Lambda functions share: a pipeline as it is deployed, and its job runs."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from pipelines import DeployedPipeline

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
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


class StoppedClock(datetime):
    """The class datetime of a function under test: it is ``NOW`` all the time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "StoppedClock":
        """Return ``NOW``."""
        return cls.fromtimestamp(NOW.timestamp(), tz)


def job_run(
    state: str, *, started: float, ended: float | None = None, keys: str | None = None, minutes: float = 1
) -> dict[str, Any]:
    """Return a job run; times are in seconds before now. It took some of the 60 minutes that it may take."""
    run: dict[str, Any] = {"Id": "jr_1", "JobRunState": state, "StartedOn": NOW - timedelta(seconds=started)}
    run |= {"ExecutionTime": int(minutes * 60), "Timeout": 60}
    if ended is not None:
        run["CompletedOn"] = NOW - timedelta(seconds=ended)
    return run | ({"Arguments": {"--keys": keys}} if keys else {})
