"""Run a DAG once, in this process, and tell its progress: ``python -m data_hub.airflow.run_once DAG_FILE``.

When the ingestion leaves objects for another run, the DAG runs again: the watcher that would see to it is not there.

Without scheduler, triggerer and API server (Airflow's ``dag.test()``). The environment says which Airflow home, DAGs
folder and AWS are meant. Events are JSON lines in the file of ``--events``; Airflow's own log goes to standard output
and error. The exit code is 0 when the DAG run succeeded and none of its tasks failed.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from airflow.sdk import DAG, TaskInstanceState
from airflow.sdk.listener import get_listener_manager

from data_hub.airflow.task_events import Event, TaskEventListener, ended_unseen
from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ENDING_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m data_hub.airflow.run_once", description=__doc__)
    parser.add_argument("dag_file", type=Path, metavar="DAG_FILE", help="file in the DAGs folder that holds `dag`")
    parser.add_argument(
        "--events", type=Path, required=True, metavar="FILE", help="where the events go, for example /dev/fd/3"
    )
    options = parser.parse_args(arguments)
    # Airflow makes half a million objects that stay; looking through them again and again takes a third of the time.
    gc.set_threshold(100_000)
    with options.events.open("w", encoding="utf-8", buffering=1) as file:
        events = _EventWriter(file)
        _end_on_signal(events.emit)
        try:
            state = _run(options.dag_file, events.emit)
        except DataHubError as error:
            events.emit({"event": "run", "state": "failed", "error": str(error)})
            return 1
        events.emit({"event": "run", "state": state, "error": None})
        return 0 if state == "success" else 1


class _EventWriter:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._began = time.monotonic()

    def emit(self, event: Event) -> None:
        if event["event"] == "run":
            event = {**event, "seconds": round(time.monotonic() - self._began, 1)}
        self._file.write(json.dumps(event) + "\n")


def _end_on_signal(emit: Callable[[Event], None]) -> None:
    """End the process at SIGTERM and SIGINT.

    Airflow's task runner puts a handler of its own on SIGTERM that does not end the process, so the signals are
    blocked and a thread waits for them instead.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING_SIGNALS)

    def wait() -> None:
        number = signal.sigwait(_ENDING_SIGNALS)
        emit({"event": "run", "state": "stopped", "error": f"ended by {signal.Signals(number).name}"})
        os._exit(128 + number)

    threading.Thread(target=wait, daemon=True, name="end-on-signal").start()


def _run(dag_file: Path, emit: Callable[[Event], None]) -> str:
    from airflow.utils import db

    dag = _load(dag_file)
    # Makes the database of a new Airflow home, migrates that of an older Airflow, and does nothing to a current one.
    db.initdb()
    # Somebody is waiting for the answer, and a second try would come minutes later.
    for task in dag.tasks:
        task.retries = 0
    # Whoever waits sees the failure; the callback asks a supervisor that is not there.
    dag.on_failure_callback, dag.has_on_failure_callback = None, False
    listener = TaskEventListener(emit)
    get_listener_manager().add_listener(listener)  # type: ignore[no-untyped-call]
    while True:
        state = _run_dag(dag, listener, emit)
        if not listener.remaining:
            return state
        emit({"event": "another_run", "remaining": listener.remaining})
        listener.begin_run()


def _run_dag(dag: DAG, listener: TaskEventListener, emit: Callable[[Event], None]) -> str:
    dag_run = dag.test()
    instances = dag_run.get_task_instances()
    for instance in instances:
        if instance.task_id not in listener.reported:
            emit(ended_unseen(dag.get_task(instance.task_id), str(instance.state)))
    # A teardown task that fails leaves the DAG run a success, but whoever waits here wants to know of it.
    has_failed = any(instance.state == TaskInstanceState.FAILED for instance in instances)
    return "failed" if has_failed else str(dag_run.state)


def _load(dag_file: Path) -> DAG:
    specification = importlib.util.spec_from_file_location(f"dag_file_{dag_file.stem}", dag_file)
    if specification is None or specification.loader is None or not dag_file.is_file():
        raise DataHubError(f"{dag_file} is no DAG file; name a Python file of the DAGs folder")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    dag = getattr(module, "dag", None)
    if not isinstance(dag, DAG):
        raise DataHubError(f"{dag_file} holds no DAG called `dag`; end it with `dag = build_dag(__file__)`")
    return dag


if __name__ == "__main__":
    sys.exit(main())
