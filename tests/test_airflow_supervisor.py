"""The supervisor of Airflow's processes, with an ``airflow`` of the test's own in place of the real one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from collections_pipeline import ROOT
from hub_up import wait_for

from hub_cli import session
from hub_cli.airflow_supervisor import COMPONENTS, MOST_STARTS
from hub_cli.up_state import UpState

# As in the real one, the scheduler has a task process with a process group of its own.
FAKE_AIRFLOW = """
import os, signal, sys, time
if sys.argv[1] == os.environ.get("BROKEN"):
    sys.exit("no such table")
if sys.argv[1] == "db":
    sys.exit(0)
if sys.argv[1] == "scheduler" and os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "DEAF" in os.environ else signal.SIG_DFL)
time.sleep(600)
"""


@dataclass
class Supervised:
    directory: Path
    process: "subprocess.Popen[bytes]"

    @property
    def state(self) -> UpState:
        state = UpState.read(self.directory)
        assert state is not None
        return state

    def members(self) -> list[psutil.Process]:
        return session.members(self.process.pid, self.state.airflow_home)

    def await_all(self) -> None:
        # The supervisor, the components and the scheduler's task process.
        wait_for(lambda: len(self.members()) == len(COMPONENTS) + 2, 20, "all processes")

    def start(self, **environment: str) -> "Supervised":
        package = self.directory / "fake" / "airflow"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(FAKE_AIRFLOW)
        home = str(self.directory / "airflow")
        UpState("http://127.0.0.1:1", "http://127.0.0.1:2", home, 0).write(self.directory)
        path = os.pathsep.join([str(package.parent), str(ROOT), str(ROOT / "plugins")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub_cli.airflow_supervisor", str(self.directory)],
            env=os.environ | {"PYTHONPATH": path, "AIRFLOW_HOME": home} | environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    found = Supervised(tmp_path, None)  # type: ignore[arg-type]
    yield found
    found.process.kill()
    found.process.wait()
    session.end(found.process.pid, found.state.airflow_home, patience=0)


def test_everything_ends_when_the_command_line_is_gone(supervised: Supervised) -> None:
    supervised.start(DEAF="1").await_all()
    supervised.end_input()
    assert supervised.process.wait(20) == 0
    assert supervised.members() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_ends_at_a_signal(supervised: Supervised, number: signal.Signals) -> None:
    supervised.start().await_all()
    supervised.process.send_signal(number)
    assert supervised.process.wait(20) == 0
    assert supervised.members() == []


def test_a_component_that_dies_is_started_again_and_the_others_stay(supervised: Supervised) -> None:
    supervised.start().await_all()
    before = supervised.state.components
    os.kill(before["triggerer"].pid, signal.SIGKILL)
    wait_for(lambda: supervised.state.components["triggerer"].starts == 2, 10)
    after = supervised.state.components
    assert (after["triggerer"].exit_code, after["triggerer"].pid != before["triggerer"].pid) == (-9, True)
    assert {name: part for name, part in after.items() if name != "triggerer"} == {
        name: part for name, part in before.items() if name != "triggerer"
    }


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        ("dag-processor", f"airflow dag-processor ended {MOST_STARTS} times within 120 s, last with exit code 1"),
        ("db", "airflow db-migrate ended with exit code 1"),
    ],
)
def test_what_cannot_be_kept_running_is_given_up(supervised: Supervised, broken: str, failure: str) -> None:
    supervised.start(BROKEN=broken)
    assert supervised.process.wait(40) == 0
    assert supervised.state.failure == failure
    assert supervised.members() == []
    log = supervised.directory / f"{failure.split()[1]}.log"
    assert "no such table" in log.read_text()


def test_what_a_killed_supervisor_leaves_is_ended_by_session_and_nothing_else(supervised: Supervised) -> None:
    supervised.start(DEAF="1").await_all()
    supervised.process.kill()
    supervised.process.wait()
    assert session.end(supervised.process.pid, "/another/home") == 0
    assert len(supervised.members()) == len(COMPONENTS) + 1
    began = time.monotonic()
    assert session.end(supervised.process.pid, supervised.state.airflow_home, patience=0.5) == len(COMPONENTS) + 1
    assert time.monotonic() - began < 10
    assert supervised.members() == []
