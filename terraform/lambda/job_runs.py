"""Runs of Glue jobs: what keeps another one from starting, and what has been ingested already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

LIVE = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
# Argument of a run that was for some objects only.
KEYS = "--keys"
# The job begins no file after this share of its timeout (data_hub.ingestion.deadline): a longer run may have left some.
SHARE = 0.8
_LOOKED_AT = 200


def last_runs(glue: Any, job: str) -> list[dict[str, Any]]:
    """Return the last runs of a job, newest first."""
    runs: list[dict[str, Any]] = glue.get_job_runs(JobName=job, MaxResults=_LOOKED_AT)["JobRuns"]
    return runs


def ingested_until(
    runs_of_jobs: Iterable[Sequence[dict[str, Any]]], moment: Literal["StartedOn", "CompletedOn"] = "StartedOn"
) -> datetime | None:
    """Return the moment before which every arrival has been dealt with, None when there is none.

    It is the start of the last run that certainly ingested everything; of several jobs, the one furthest behind counts.

    Args:
        runs_of_jobs: the last runs of each ingestion job, newest first.
        moment: the end of that run is nearer to the truth, as a run takes what arrives while it works; only the start
            is certain, as the run's last look at the bucket comes some seconds before its end.
    """
    moments = [next((run[moment] for run in runs if _is_full_success(run)), None) for runs in runs_of_jobs]
    known = [found for found in moments if found is not None]
    return min(known) if known and len(known) == len(moments) else None


def _is_full_success(run: dict[str, Any]) -> bool:
    is_for_all = KEYS not in (run.get("Arguments") or {})
    has_time_left = run.get("ExecutionTime", 0) < SHARE * 60 * run.get("Timeout", math.inf)
    return run["JobRunState"] == "SUCCEEDED" and is_for_all and has_time_left
