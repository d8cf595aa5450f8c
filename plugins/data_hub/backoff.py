"""When a job that failed on a set of new objects is tried again on the same set.

Nothing is kept for it: a run of the job carries the digest of the set in its arguments, and Glue keeps the runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import JobRunTypeDef

ARGUMENT = "new_objects_digest"
LONGEST = timedelta(minutes=60)

_ACTIVE = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
_SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True)
class Backoff:
    """What the last runs of a job say about another one.

    Attributes:
        is_active: a run is on its way; it lists the bucket itself.
        failures: runs that failed on this set of objects since the last SUCCEEDED one.
        ended_at: when the last of them ended, None when there is none.
    """

    is_active: bool = False
    failures: int = 0
    ended_at: datetime | None = None

    @property
    def until(self) -> datetime | None:
        """When the same set may be tried again, None for at once."""
        return self.ended_at + delay(self.failures) if self.ended_at else None


def delay(times: int) -> timedelta:
    """Return how long to wait after a set was tried so often: 1, 2, 4 ... 60 minutes."""
    return min(timedelta(minutes=2 ** min(max(times, 1) - 1, 6)), LONGEST)


def of_runs(runs: "Iterable[JobRunTypeDef]", digest: str) -> Backoff:
    """Judge the runs of a job.

    Args:
        runs: as Glue describes them, in any order.
        digest: names the set of new objects.
    """
    newest_first = sorted(runs, key=lambda run: run["StartedOn"], reverse=True)
    failed = []
    for run in newest_first:
        if run["JobRunState"] == _SUCCEEDED:
            break
        if run["JobRunState"] not in _ACTIVE and run.get("Arguments", {}).get(f"--{ARGUMENT}") == digest:
            failed.append(run)
    return Backoff(
        is_active=any(run["JobRunState"] in _ACTIVE for run in newest_first),
        failures=len(failed),
        ended_at=max((run.get("CompletedOn", run["StartedOn"]) for run in failed), default=None),
    )


def read(job: str, digest: str) -> Backoff:
    """Ask Glue for the last runs of a job and judge them.

    Args:
        job: the Glue job that ingests.
        digest: names the set of new objects.

    Raises:
        ClientError: AWS could not answer.
    """
    return of_runs(boto3.client("glue").get_job_runs(JobName=job)["JobRuns"], digest)


def now() -> datetime:
    """Return the time that ``Backoff.until`` is compared with."""
    return datetime.now(UTC)
