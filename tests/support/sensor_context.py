"""The context in which the sensor of a run looks for objects."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from task_context import RecordingTaskInstance


def context_of(
    task_instance: RecordingTaskInstance, run_type: str = "manual", began_minutes_ago: float = 0, **params: Any
) -> Any:
    """Return a task's context.

    Args:
        task_instance: takes the XComs.
        run_type: Airflow's word for who started the run.
        began_minutes_ago: when the run began.
        params: what the trigger form said.
    """
    began = datetime.now(UTC) - timedelta(minutes=began_minutes_ago)
    return {"ti": task_instance, "params": params, "dag_run": SimpleNamespace(run_type=run_type, start_date=began)}
