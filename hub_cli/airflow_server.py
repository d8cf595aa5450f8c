"""Airflow as ``hub up`` runs it: its supervisor, started and ended by this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from data_hub.errors import DataHubError
from hub_cli import session
from hub_cli.airflow_api import AirflowApi, NoAnswer, Refused
from hub_cli.airflow_home import process_environment, server_settings, settings
from hub_cli.locations import ROOT, shown
from hub_cli.up_state import UpState

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.process import LocalAws

HOST = "127.0.0.1"
COMPONENTS_IN_HEALTH = ("metadatabase", "scheduler", "triggerer", "dag_processor")
HEALTHY_SECONDS = 180.0
STOP_SECONDS = 15.0
SUPERVISOR_LOG = "supervisor.log"
_LOOK_SECONDS = 0.3
_TAIL_LINES = 15


class AirflowServer:
    """Airflow's processes; as a context manager it ends them.

    Args:
        directory: folder of the state file, the logs and Airflow's home.
        state: what the state file said at the start.
        supervisor: the process that keeps the others.
    """

    def __init__(self, directory: Path, state: UpState, supervisor: subprocess.Popen[bytes]) -> None:
        self._directory = directory
        self._state = state
        self._supervisor = supervisor
        self.url = state.url
        self.api = AirflowApi(state.url)

    @classmethod
    def start(cls, directory: Path, port: int, aws: LocalAws) -> AirflowServer:
        """Start Airflow's processes, and return at once.

        Args:
            directory: folder for state file, logs and Airflow's home.
            port: the API server's port on 127.0.0.1.
            aws: what Airflow's tasks talk to.
        """
        home = directory / "airflow"
        home.mkdir(parents=True)
        state = UpState(f"http://{HOST}:{port}", aws.endpoint, str(home), 0)
        state.write(directory)
        airflow = settings(home, ROOT) | server_settings(port)
        with (directory / SUPERVISOR_LOG).open("wb") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "hub_cli.airflow_supervisor", str(directory)],
                cwd=ROOT,
                env=process_environment(airflow, aws.environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(directory, state, supervisor)

    def state(self) -> UpState:
        """Return what the state file says now."""
        return UpState.read(self._directory) or self._state

    def await_health(self) -> None:
        """Return when all four parts are healthy.

        Raises:
            DataHubError: a part cannot be started; the text ends with the last lines of its log.
        """
        deadline = time.monotonic() + HEALTHY_SECONDS
        while True:
            health = self._health()
            if all(health.get(part) == "healthy" for part in COMPONENTS_IN_HEALTH):
                return
            self.require_running()
            if time.monotonic() > deadline:
                missing = [part for part in COMPONENTS_IN_HEALTH if health.get(part) != "healthy"]
                raise DataHubError(
                    f"Airflow's {', '.join(missing)} did not get healthy within {HEALTHY_SECONDS:.0f} s; the logs are "
                    f"in {shown(self._directory)}"
                )
            time.sleep(_LOOK_SECONDS)

    def _health(self) -> dict[str, str]:
        try:
            return self.api.health()
        except (NoAnswer, Refused):
            return {}

    def require_running(self) -> None:
        """Do nothing while the supervisor works.

        Raises:
            DataHubError: it gave up, or was killed.
        """
        state = self.state()
        if state.failure:
            name = state.failure.split()[1]
            log = self._directory / f"{name}.log"
            raise DataHubError(f"{state.failure}; its log {shown(log)} ends with\n{tail(log)}")
        if self._supervisor.poll() is not None:
            log = self._directory / SUPERVISOR_LOG
            raise DataHubError(
                f"Airflow's supervisor ended with exit code {self._supervisor.returncode}; the logs are in "
                f"{shown(self._directory)}\n{tail(log)}".rstrip()
            )

    def stop(self) -> None:
        """End Airflow's processes, and wait until they are gone, also when their supervisor was killed."""
        if self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
        try:
            self._supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        session.end(self._supervisor.pid, self._state.airflow_home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port(port: int) -> int:
    """Return the port, or a free one for 0.

    Raises:
        DataHubError: another program listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DataHubError(
                f"Port {port} on {HOST} cannot be used ({os.strerror(error.errno or 0)}): stop the program that uses "
                "it, or choose another port with --port (0 takes a free one)"
            ) from error
        return int(probe.getsockname()[1])


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])
