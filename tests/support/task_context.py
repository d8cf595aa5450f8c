"""Runs an operator as Airflow does, without Airflow's database: execute, trigger, and the method that goes on."""

import asyncio
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.execution_time.context import OutletEventAccessors
from airflow.sdk.module_loading import import_string


class RecordingTaskInstance:
    """A task instance that keeps what the operator leaves behind.

    Attributes:
        xcoms: its own XComs.
        outlet_events: what it says about its assets.
    """

    dag_id, run_id, map_index = "test", "manual__test", -1

    def __init__(self, task_id: str, try_number: int = 1, max_tries: int = 0) -> None:
        """Make one.

        Args:
            task_id: its task.
            try_number: 1 for the first try.
            max_tries: number of the try before the last one; a user who clears a task raises it.
        """
        self.task_id = task_id
        self.try_number = try_number
        self.max_tries = max_tries
        self.xcoms: dict[str, Any] = {}
        self.outlet_events = OutletEventAccessors()
        self._upstream: dict[tuple[str, str], Any] = {}

    def leave_upstream(self, task_id: str, key: str, value: Any) -> None:
        """Say what another task has pushed."""
        self._upstream[task_id, key] = value

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def xcom_pull(self, key: str, task_ids: str) -> Any:
        return self.xcoms.get(key) if task_ids == self.task_id else self._upstream.get((task_ids, key))


def context_of(task_instance: RecordingTaskInstance, **params: Any) -> Any:
    """Return the context that a task gets.

    Args:
        task_instance: the task instance.
        params: what the trigger form says.
    """
    return {"ti": task_instance, "params": params, "outlet_events": task_instance.outlet_events}


def start(operator: BaseOperator, task_instance: RecordingTaskInstance, **params: Any) -> TaskDeferred:
    """Execute until the operator defers."""
    try:
        operator.execute(context_of(task_instance, **params))
    except TaskDeferred as deferral:
        return deferral
    raise AssertionError(f"{operator.task_id} did not defer")


def resume(operator: BaseOperator, deferral: TaskDeferred, task_instance: RecordingTaskInstance, **params: Any) -> Any:
    """Run the Airflow trigger, made again from what is stored of it, and go on with its event."""
    event = asyncio.run(anext(remake(deferral).run()))
    method = getattr(operator, deferral.method_name)
    return method(context_of(task_instance, **params), event=event.payload, **(deferral.kwargs or {}))


def defer_again(operator: BaseOperator, deferral: TaskDeferred, task_instance: RecordingTaskInstance) -> TaskDeferred:
    """Resume an operator that defers once more."""
    try:
        resume(operator, deferral, task_instance)
    except TaskDeferred as again:
        return again
    raise AssertionError(f"{operator.task_id} did not defer again")


def remake(deferral: TaskDeferred) -> Any:
    """Return the deferral's Airflow trigger as the triggerer has it."""
    classpath, arguments = deferral.trigger.serialize()
    return import_string(classpath)(**arguments)
