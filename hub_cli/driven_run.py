"""What a run came to under its orchestrator, whichever that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub_cli.dag_run import TaskEvent


@dataclass(frozen=True)
class DrivenRun:
    """A run that has ended.

    Attributes:
        state: ``success`` or ``failed``.
        tasks: how each task of the DAG, or each job of the workflow, ended; in order.
        error: what went wrong outside of them.
        views_seen: when the last Glue job, which makes the views, had succeeded; by ``time.monotonic()``.
    """

    state: str
    tasks: Sequence[TaskEvent] = ()
    error: str | None = None
    views_seen: float | None = None
