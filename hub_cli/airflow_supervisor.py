"""Airflow's four processes, kept running as long as the command line does.

Started as ``python -m hub_cli.airflow_supervisor DIRECTORY`` in a session of its own, with the state file in
DIRECTORY. ``airflow standalone`` would start the same four, but it opens log servers on every network interface,
leaves processes behind when it is ended, and does not start again what died.
"""

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from hub_cli import session
from hub_cli.up_state import Component, UpState

COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
MIGRATION = "db-migrate"
# A component that was started so often within that time is not started again.
MOST_STARTS = 5
WITHIN_SECONDS = 120.0
_LOOK_SECONDS = 0.2


class Supervisor:
    """Starts the components, starts again those that died, ends everything in its session.

    Args:
        directory: folder of the state file and the logs.
        parent: process id of the command line.
    """

    def __init__(self, directory: Path, parent: int) -> None:
        self._directory = directory
        self._parent = parent
        self._state = _require(UpState.read(directory))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, list[float]] = {name: [] for name in COMPONENTS}

    def run(self) -> None:
        """Work until standard input ends, the parent is gone, or a component cannot be kept running."""
        self._state.write(self._directory)
        migration = self._spawn(MIGRATION, ["db", "migrate"])
        while migration.poll() is None:
            if self._is_over():
                return
        if migration.returncode:
            self._give_up(MIGRATION, f"ended with exit code {migration.returncode}")
            return
        for name in COMPONENTS:
            self._start(name, Component(0, starts=0))
        while self._state.failure is None and not self._is_over():
            for name, process in list(self._processes.items()):
                if process.poll() is not None:
                    self._start_again(name, process.returncode)

    def end(self) -> None:
        """End every process of this session, and wait until they are gone."""
        session.end(os.getpid(), self._state.airflow_home)

    def _is_over(self) -> bool:
        # End of file alone does not tell that the parent died while a fork of it still holds the pipe.
        readable, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        return bool(readable) or os.getppid() != self._parent

    def _start(self, name: str, before: Component) -> None:
        process = self._processes[name] = self._spawn(name, COMPONENTS[name])
        self._started[name].append(time.monotonic())
        self._write(replace(before, pid=process.pid, starts=before.starts + 1), name)

    def _start_again(self, name: str, exit_code: int) -> None:
        component = replace(self._state.components[name], exit_code=exit_code)
        recent = [moment for moment in self._started[name] if time.monotonic() - moment < WITHIN_SECONDS]
        if len(recent) < MOST_STARTS:
            self._start(name, component)
            return
        self._write(component, name)
        self._give_up(name, f"ended {len(recent)} times within {WITHIN_SECONDS:.0f} s, last with exit code {exit_code}")

    def _spawn(self, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        with (self._directory / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _write(self, component: Component, name: str) -> None:
        self._state = replace(self._state, components={**self._state.components, name: component})
        self._state.write(self._directory)

    def _give_up(self, name: str, reason: str) -> None:
        self._state = replace(self._state, failure=f"airflow {name} {reason}")
        self._state.write(self._directory)


def _require(state: UpState | None) -> UpState:
    if state is None:
        raise AssertionError("the command line writes the state file first")
    return replace(state, session=os.getpid())


def main() -> None:
    """Supervise, and leave nothing behind."""
    supervisor = Supervisor(Path(sys.argv[1]), os.getppid())

    def leave(_signal: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    try:
        supervisor.run()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        supervisor.end()


if __name__ == "__main__":
    main()
