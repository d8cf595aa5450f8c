"""One run of a DAG in an Airflow process of its own, watched event by event."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub_cli.airflow_home import process_environment, settings
from hub_cli.locations import ROOT

STOP_SECONDS = 5.0


@dataclass(frozen=True)
class TaskEvent:
    """What a task does.

    Attributes:
        task: task id.
        state: Airflow's task state.
        seconds: since the task began, None if it never did.
        summary: what the task says of itself.
        error: why it failed.
        job: the Glue job of the task, if it has one.
        job_run_id: the job run.
        glue_state: the job run's state.
    """

    task: str
    state: str
    seconds: float | None = None
    summary: str | None = None
    error: str | None = None
    job: str | None = None
    job_run_id: str | None = None
    glue_state: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the task will do no more in this run."""
        return self.state not in {"running", "deferred"}


@dataclass(frozen=True)
class AnotherRun:
    """The DAG runs again, for objects that the run before has left."""

    remaining: int


@dataclass(frozen=True)
class DagRunEnd:
    """How the DAG run ended: Airflow's run state, and what went wrong outside any task."""

    state: str
    error: str | None = None


def run_dag(
    dag_file: Path, environment: Mapping[str, str], airflow_home: Path, log: Path
) -> Iterator[TaskEvent | AnotherRun | DagRunEnd]:
    """Run a DAG and yield what happens; the last event is a ``DagRunEnd``.

    While it leaves objects for another run, it runs again. Closing the iterator ends the process.

    Args:
        dag_file: file in the DAGs folder.
        environment: leads Airflow to AWS.
        airflow_home: where Airflow keeps its database.
        log: file for Airflow's log.
    """
    airflow_home.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with log.open("wb") as log_file, os.fdopen(reading, encoding="utf-8") as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub_cli.airflow_process", str(dag_file), "--events", f"/dev/fd/{writing}"],
            cwd=ROOT,
            env=process_environment(settings(airflow_home, ROOT), environment),
            stdin=subprocess.PIPE,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        with _ending(process):
            end = None
            for line in events:
                event = _parse(json.loads(line))
                end = event if isinstance(event, DagRunEnd) else end
                yield event
            if end is None:
                yield DagRunEnd(
                    "failed", f"Airflow ended with exit code {process.wait()} before the run did; its log says why"
                )


@contextmanager
def _ending(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _parse(event: Mapping[str, Any]) -> TaskEvent | AnotherRun | DagRunEnd:
    if event["event"] == "another_run":
        return AnotherRun(event["remaining"])
    if event["event"] == "run":
        return DagRunEnd(event["state"], event["error"])
    return TaskEvent(**{name: value for name, value in event.items() if name != "event"})
