"""What the sensor says when it does not simply go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_hub.pipelines import graph
from data_hub.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

    from data_hub.airflow.params import RunOptions
    from data_hub.ledgers.arrivals import NewObjects
    from data_hub.ledgers.backlog import Backlog
    from data_hub.pipelines.pipeline import Pipeline

EXCLUSIVE = "'Views only' ingests nothing, 'Only these files' asks for files to be ingested: choose one of them"
VIEWS_ONLY = "views only"


def missing(keys: list[str], bucket: str) -> str:
    """Say that wanted objects are not in the bucket."""
    return (
        f"Not in bucket '{bucket}': {', '.join(keys)}. Upload it first, correct the key, or let the run wait "
        "('Wait for a file')"
    )


def nothing_to_do(found: NewObjects, options: RunOptions, location: str) -> str:
    """Say why the run is skipped.

    Args:
        found: what is new, of the wanted objects.
        options: what was asked of the run.
        location: S3 URI of the source, with its pattern.
    """
    waited = f" within {counted(options.wait_minutes, 'minute')}" if options.wait_minutes else ""
    if found.missing:
        return f"Did not arrive{waited}: {', '.join(found.missing)}"
    if options.keys:
        return f"Dealt with already, in the current version: {', '.join(options.keys)}"
    return f"No new objects at {location}{waited}: nothing to do"


def left_alone(job: str, failures: int, objects: int, until: datetime) -> str:
    """Say that a set of objects is not tried again yet, because the job failed on it before."""
    return (
        f"{counted(failures, 'run')} of {job} failed on the same {counted(objects, 'new object')}; next try at "
        f"{until:%H:%M} UTC, or when another object arrives; a run that is started by hand tries at once"
    )


def dry_run(pipeline: Pipeline, found: Backlog, options: RunOptions) -> str:
    """Say what a run would do: a line for people, then one for each object."""
    followers = [job for job in pipeline.jobs if job not in graph.start_jobs(pipeline)]
    if options.views_only:
        return f"Dry run: would run {', '.join(followers)}, and ingest nothing"
    new = found.new
    jobs = ", ".join(pipeline.jobs) if new.count or found.jobs else "no job"
    lines = [f"{item.key}, {counted(item.size, 'byte')}" for item in new.shown]
    if left := new.count - len(new.shown):
        lines.append(f"and {counted(left, 'more object')}")
    lines += [f"{key}: not in the bucket" for key in new.missing]
    return "\n  ".join([f"Dry run: {found}; would run {jobs}", *lines])
