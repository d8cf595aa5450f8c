"""Runs an operator as Airflow does, without Airflow's database: execute, trigger, execute_complete."""

import asyncio
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.module_loading import import_string


class RecordingTaskInstance:
    """A task instance that keeps XComs in a dictionary."""

    dag_id, run_id, map_index = "test", "manual__test", -1

    def __init__(self, task_id: str, try_number: int = 1) -> None:
        self.task_id = task_id
        self.try_number = try_number
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def xcom_pull(self, key: str, task_ids: str) -> None:
        """Airflow deletes a task's XComs before each try."""


def start(operator: BaseOperator, task_instance: RecordingTaskInstance) -> TaskDeferred:
    """Execute until the operator defers."""
    try:
        operator.execute({"ti": task_instance})  # type: ignore[arg-type]
    except TaskDeferred as deferral:
        return deferral
    raise AssertionError(f"{operator.task_id} did not defer")


def resume(operator: BaseOperator, deferral: TaskDeferred, task_instance: RecordingTaskInstance) -> Any:
    """Run the Airflow trigger, made again from what is stored of it, and go on with its event."""
    classpath, arguments = deferral.trigger.serialize()
    trigger = import_string(classpath)(**arguments)
    event = asyncio.run(anext(trigger.run()))
    return getattr(operator, deferral.method_name)({"ti": task_instance}, event.payload)
