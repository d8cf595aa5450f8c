"""Task events: what the tasks of a DAG run do, told as it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from airflow.sdk import TaskInstanceState

from data_hub.airflow import summary
from data_hub.airflow.job_run_report import REMAINING_KEY, STATE_KEY
from data_hub.airflow.operators import JOB_RUN_ID_KEY, GlueJobRunOperator

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

Event = dict[str, Any]


class TaskEventListener:
    """An Airflow listener that turns what happens to tasks into events.

    An event holds ``event`` ("task"), ``task``, ``state`` (Airflow's: running, deferred, success, failed, skipped,
    upstream_failed), ``seconds`` since the task began, ``summary``, ``error``, and for Glue jobs ``job``,
    ``job_run_id`` and ``glue_state``; what is not known is None.

    Args:
        emit: takes each event.

    Attributes:
        reported: ids of the tasks that were seen to end.
        remaining: how many objects the run has left for another one.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self.begin_run()

    def begin_run(self) -> None:
        """Forget the run before."""
        self._began: dict[str, float] = {}
        self._current: RuntimeTaskInstance | None = None
        self.reported: set[str] = set()
        self.remaining = 0

    @hookimpl
    def on_task_instance_running(self, task_instance: RuntimeTaskInstance) -> None:
        """Report a task that begins; one that comes back from the triggerer began before."""
        self._current = task_instance
        if task_instance.task_id not in self._began:
            self._began[task_instance.task_id] = time.monotonic()
            self._report(task_instance, TaskInstanceState.RUNNING)

    @hookimpl
    def on_task_instance_success(self, task_instance: RuntimeTaskInstance) -> None:
        """Report a task that succeeded."""
        self._report_end(task_instance, TaskInstanceState.SUCCESS)

    @hookimpl
    def on_task_instance_skipped(self, task_instance: RuntimeTaskInstance) -> None:
        """Report a task that skipped itself."""
        self._report_end(task_instance, TaskInstanceState.SKIPPED)

    @hookimpl
    def on_task_instance_failed(self, task_instance: RuntimeTaskInstance, error: str | BaseException | None) -> None:
        """Report a task that failed, with its error."""
        self._report_end(task_instance, TaskInstanceState.FAILED, str(error) if error else None)

    @hookimpl
    def before_stopping(self) -> None:
        """Report a task that leaves for the triggerer: the only hook that Airflow calls then."""
        if self._current is not None and self._current.state == TaskInstanceState.DEFERRED:
            self._report(self._current, TaskInstanceState.DEFERRED)

    def _report_end(
        self, task_instance: RuntimeTaskInstance, state: TaskInstanceState, error: str | None = None
    ) -> None:
        self.reported.add(task_instance.task_id)
        self._report(task_instance, state, error)

    def _report(self, task_instance: RuntimeTaskInstance, state: TaskInstanceState, error: str | None = None) -> None:
        def left(key: str) -> Any:
            return task_instance.xcom_pull(task_ids=task_instance.task_id, key=key)

        event = _event(task_instance.task, state.value)
        if event["job"]:
            event |= {"job_run_id": left(JOB_RUN_ID_KEY), "glue_state": left(STATE_KEY)}
            self.remaining = left(REMAINING_KEY) or self.remaining
        seconds = round(time.monotonic() - self._began[task_instance.task_id], 1)
        self._emit({**event, "seconds": seconds, "summary": left(summary.KEY), "error": error})


def ended_unseen(task: BaseOperator | MappedOperator, state: str) -> Event:
    """Return the event of a task that no listener saw end: it never ran, or its Airflow trigger broke."""
    error = "its Airflow trigger broke; Airflow's log says why" if state == TaskInstanceState.FAILED else None
    return {**_event(task, state), "error": error}


def _event(task: BaseOperator | MappedOperator, state: str) -> Event:
    job = task.job_name if isinstance(task, GlueJobRunOperator) else None
    unknown = dict.fromkeys(("job_run_id", "glue_state", "seconds", "summary", "error"))
    return {"event": "task", "task": task.task_id, "state": state, "job": job, **unknown}
