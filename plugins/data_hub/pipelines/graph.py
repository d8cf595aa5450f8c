"""The graph that a pipeline's Glue triggers span over its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_hub.pipelines.pipeline import Pipeline


def start_jobs(pipeline: Pipeline) -> list[str]:
    """Return the jobs that an arrival starts: the actions of the ON_DEMAND Glue triggers, in file order."""
    return [
        action.job
        for trigger in pipeline.triggers.values()
        if trigger.type == "ON_DEMAND"
        for action in trigger.actions
    ]


def upstream_jobs(pipeline: Pipeline) -> dict[str, set[str]]:
    """Return for each job the jobs that must have SUCCEEDED before its CONDITIONAL Glue trigger fires."""
    upstream: dict[str, set[str]] = {job: set() for job in pipeline.jobs}
    for trigger in pipeline.triggers.values():
        if trigger.predicate is None:
            continue
        watched = {condition.job for condition in trigger.predicate.conditions}
        for action in trigger.actions:
            upstream[action.job] |= watched
    return upstream
