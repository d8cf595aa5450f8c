"""``./hub up`` in a copy of the working tree, as its users and their scripts see it."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
from checkout import Checkout

from hub_cli.airflow_api import AirflowApi
from hub_cli.up_state import UpState
from local_aws.process import LocalAws

START_SECONDS = 200.0
LOOK_SECONDS = 0.2

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float, what: str = "") -> T:
    """Return the first answer of ``condition`` that is true; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what or condition}"
        time.sleep(LOOK_SECONDS)
    return answer


@dataclass(frozen=True)
class HubUp:
    """A running ``./hub up``.

    Attributes:
        checkout: the copy of the working tree that it runs from.
        launcher: the process that was started.
        output_file: what it printed.
    """

    checkout: Checkout
    launcher: "subprocess.Popen[bytes]"
    output_file: Path

    @classmethod
    def start(cls, checkout: Checkout, *arguments: str, **environment: str) -> "HubUp":
        """Start it on a free port and return when it is up.

        Args:
            checkout: a copy of the working tree.
            arguments: further arguments.
            environment: variables such as DATA_HUB_WATCH_SECONDS="2".
        """
        started = cls.begin(checkout, *arguments, **environment)
        try:
            wait_for(started._is_up_or_ended, START_SECONDS, "hub up")
            assert started.launcher.poll() is None, started.output()
        except BaseException:
            started.stop()
            raise
        return started

    @classmethod
    def begin(cls, checkout: Checkout, *arguments: str, **environment: str) -> "HubUp":
        """Start it on a free port and return at once."""
        output = checkout.path / f"up-{time.monotonic_ns()}.txt"
        with output.open("wb") as file:
            launcher = subprocess.Popen(
                [*checkout.command, "up", "--no-browser", "--port", "0", *arguments],
                cwd=checkout.path,
                env=checkout.environment() | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return cls(checkout, launcher, output)

    @classmethod
    @contextmanager
    def running(cls, checkout: Checkout, **environment: str) -> "Iterator[HubUp]":
        """Start it, and end it whatever happens."""
        started = cls.start(checkout, **environment)
        try:
            yield started
        finally:
            started.stop()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the launcher; return its exit code."""
        if self.launcher.poll() is None:
            self.launcher.send_signal(number)
        return self.launcher.wait(60)

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.output_file.read_text(encoding="utf-8")

    def await_line(self, text: str, seconds: float = 120.0) -> str:
        """Wait until a line with ``text`` is printed; return the line."""

        def line() -> str | None:
            return next((line for line in self.output().splitlines() if text in line), None)

        try:
            return wait_for(line, seconds, f"the line '{text}'")
        except AssertionError as error:
            raise AssertionError(f"{error} in\n{self.output()}") from None

    @property
    def state(self) -> UpState:
        """What its state file says now."""
        state = UpState.read(self.checkout.path / ".hub" / "up")
        assert state is not None
        return state

    @property
    def api(self) -> AirflowApi:
        """Airflow's REST API: ``api.get("dags")``, ``api.post(path, body)``, ``api.patch(path, body)``."""
        return AirflowApi(self.state.url)

    @property
    def aws(self) -> LocalAws:
        """Its local AWS."""
        return LocalAws.attach(self.state.aws_endpoint)

    def component(self, name: str) -> psutil.Process:
        """Return a process: api-server, scheduler, dag-processor or triggerer."""
        return psutil.Process(self.state.components[name].pid)

    def trigger(self, dag: str = "collections", conf: Mapping[str, Any] | None = None) -> str:
        """Start a DAG run by hand; return its run id."""
        answer = self.api.post(f"dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(conf or {})})
        return str(answer["dag_run_id"])

    def run_state(self, run_id: str, dag: str = "collections") -> str:
        """Return Airflow's state of a DAG run."""
        return str(self.api.get(f"dags/{dag}/dagRuns/{run_id}")["state"])

    def await_run(self, run_id: str, dag: str = "collections", seconds: float = 120.0) -> str:
        """Wait until a DAG run has ended; return its state."""
        wait_for(lambda: self.run_state(run_id, dag) in {"success", "failed"}, seconds, f"the end of {run_id}")
        return self.run_state(run_id, dag)

    def task_states(self, run_id: str, dag: str = "collections") -> dict[str, str]:
        """Return task id to state."""
        answer = self.api.get(f"dags/{dag}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in answer["task_instances"]}

    def _is_up_or_ended(self) -> bool:
        return "Airflow is at http" in self.output() or self.launcher.poll() is not None
