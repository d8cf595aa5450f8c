"""Runs of DAGs and workflows, as ``hub up`` and ``hub status`` tell of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub_cli.airflow_api import AirflowApi, Refused, quoted
from hub_cli.run_progress import SHOWN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKED_AT = 20
ENDED = {"success", "failed"}
_JOB_OPERATOR = "GlueJobRunOperator"
_NO_ERROR = "its log says why"
_STARTED_BY = {
    "asset_triggered": "arrival",
    "scheduled": "catch-up",
    "manual": "by hand",
    "backfill": "backfill",
    "asset_materialization": "by hand",
}
_SUFFIX = re.compile(r"_([A-Za-z0-9]{4,12})$")
_WORKFLOW_RUN = "wr_"
_TIME = re.compile(r"T(\d\d:\d\d(?::\d\d)?)")


@dataclass(frozen=True)
class FailedTask:
    """A task that failed: its id and the first line of its error."""

    task: str
    error: str


@dataclass(frozen=True)
class RunSummary:
    """A DAG run or a workflow run.

    Attributes:
        dag: DAG id, or name of the workflow.
        run_id: Airflow's or Glue's id of the run.
        state: Airflow's state of the run, in Airflow's words also of a workflow run.
        started_by: arrival, catch-up, by hand, backfill, or remaining: what an earlier workflow run has left.
        began: when it began, None while it is queued.
        ended: when it ended.
        summaries: what its tasks say of themselves, in order.
        failed: tasks that failed.
    """

    dag: str
    run_id: str
    state: str
    started_by: str
    began: datetime | None = None
    ended: datetime | None = None
    summaries: tuple[str, ...] = ()
    failed: tuple[FailedTask, ...] = ()

    @property
    def short_id(self) -> str:
        """What tells the run from others: a workflow run's beginning, else the end of the id, or the time in it."""
        if self.run_id.startswith(_WORKFLOW_RUN):
            return self.run_id[:SHOWN_ID]
        found = _SUFFIX.search(self.run_id) or _TIME.search(self.run_id)
        return found[1] if found else self.run_id[-8:]

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended - self.began).total_seconds() if self.began and self.ended else None


class RunsWatch:
    """Finds DAG runs that began or ended since the last look.

    Args:
        api: a running Airflow.
    """

    def __init__(self, api: AirflowApi) -> None:
        self._api = api
        self._told: dict[tuple[str, str], str] = {}

    def look(self) -> Iterator[RunSummary]:
        """Yield each run that began, then each that ended, oldest first; details only of those that ended.

        Raises:
            NoAnswer: the API server does not answer.
            Refused: it answers with an error.
        """
        for run in reversed(last_runs(self._api, LOOKED_AT, state=["running", *ENDED])):
            key = (run.dag, run.run_id)
            if self._told.get(key) == run.state:
                continue
            if key not in self._told and run.state in ENDED:
                self._told[key] = "running"
                yield replace(run, state="running")
            yield with_details(self._api, run) if run.state in ENDED else run
            self._told[key] = run.state


def last_runs(api: AirflowApi, count: int, dag: str = "~", **filters: Any) -> list[RunSummary]:
    """Return the last DAG runs, newest first, without details; raises like ``AirflowApi.get``.

    Args:
        api: a running Airflow.
        count: how many at most.
        dag: id of a DAG; runs of all DAGs without it.
        filters: further parameters of the request, such as ``state``.
    """
    runs = api.get(f"dags/{quoted(dag)}/dagRuns", order_by="-run_after", limit=count, **filters)["dag_runs"]
    return [
        RunSummary(
            dag=run["dag_id"],
            run_id=run["dag_run_id"],
            state=run["state"],
            started_by=_STARTED_BY.get(run["run_type"], run["run_type"]),
            began=_moment(run["start_date"]),
            ended=_moment(run["end_date"]),
        )
        for run in runs
    ]


def with_details(api: AirflowApi, run: RunSummary) -> RunSummary:
    """Return the run with what its tasks say; raises like ``AirflowApi.get``."""
    path = f"dags/{quoted(run.dag)}/dagRuns/{quoted(run.run_id)}/taskInstances"
    tasks = [task for task in api.get(path, limit=100)["task_instances"] if task["start_date"]]
    tasks.sort(key=lambda task: str(task["start_date"]))
    said = [(task, _summary(api, path, task["task_id"])) for task in tasks]
    # What the sensor found is said again by the job that ingests it.
    of_jobs = tuple(text for task, text in said if text and task["operator_name"] == _JOB_OPERATOR)
    failed = [
        FailedTask(task["task_id"], _error(api, path, task["task_id"], task["try_number"]))
        for task in tasks
        if task["state"] == "failed"
    ]
    return replace(run, summaries=of_jobs or tuple(text for _, text in said[:1] if text), failed=tuple(failed))


def _summary(api: AirflowApi, path: str, task: str) -> str | None:
    try:
        return str(api.get(f"{path}/{quoted(task)}/xcomEntries/summary", deserialize=False)["value"]).strip('"')
    except Refused:
        return None


def _error(api: AirflowApi, path: str, task: str, try_number: int) -> str:
    """Return the first line of the last exception in the task's log, and the next one where it only announces that."""
    try:
        log = api.get(f"{path}/{quoted(task)}/logs/{try_number}", full_content=True)["content"]
    except Refused:
        return _NO_ERROR
    exceptions = [line["error_detail"] for line in log if isinstance(line, dict) and line.get("error_detail")]
    text = str(exceptions[-1][0].get("exc_value", "")) if exceptions else ""
    first, *more = text.splitlines() or [_NO_ERROR]
    return f"{first} {more[0].strip()}" if first.endswith(":") and more else first


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
