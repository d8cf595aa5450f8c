"""However ``./hub up`` ends, no process stays."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from checkout import Checkout
from hub_up import HubUp, wait_for

from hub_cli import session
from hub_cli.airflow_supervisor import COMPONENTS
from hub_cli.up_state import UpState

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hub_up")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy_to(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def started(checkout: Checkout) -> Iterator[HubUp]:
    """An ``up`` whose Airflow processes are there; it need not be healthy."""
    begun = HubUp.begin(checkout)
    try:
        wait_for(lambda: _has_components(begun), 60, "the processes")
        yield begun
    finally:
        begun.stop(signal.SIGKILL)
        checkout.hub("down")


def _has_components(begun: HubUp) -> bool:
    state = UpState.read(begun.checkout.path / ".hub" / "up")
    children = [child.pid for child in psutil.Process(begun.launcher.pid).children()]
    # Until it is written anew, the file is that of the one before.
    return state is not None and state.session in children and len(state.components) == len(COMPONENTS)


def test_ctrl_c_is_how_it_ends(checkout: Checkout) -> None:
    with HubUp.running(checkout) as up:
        run = up.trigger(conf={"wait_minutes": 5})
        wait_for(lambda: up.task_states(run).get("wait_for_objects") == "deferred", 120, "the deferred task")
        assert up.stop(signal.SIGINT) == 0
    assert "✔ ending" in up.output()
    assert "Traceback" not in up.output()
    assert checkout.await_no_process() == []


def test_down_ends_it_and_says_when_nothing_runs(checkout: Checkout, started: HubUp) -> None:
    down = checkout.hub("down")
    assert (down.returncode, down.stdout) == (0, "✔ ended: no process stays\n")
    assert checkout.processes() == []
    assert started.launcher.wait(10) in {0, 143}
    assert checkout.hub("down").stdout == "Nothing runs\n"


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_comes_up_ends_it(
    checkout: Checkout, started: HubUp, number: signal.Signals, exit_code: int
) -> None:
    assert started.stop(number) == exit_code
    assert "Traceback" not in started.output()
    assert checkout.await_no_process() == []


def test_a_killed_launcher_takes_everything_along(checkout: Checkout, started: HubUp) -> None:
    started.launcher.kill()
    assert checkout.await_no_process() == []


def test_a_killed_supervisor_ends_it_with_an_error(checkout: Checkout, started: HubUp) -> None:
    os.kill(started.state.session, signal.SIGKILL)
    assert started.launcher.wait(60) == 1
    assert "Airflow's supervisor ended with exit code -9" in started.output()
    assert checkout.await_no_process() == []


@pytest.mark.parametrize("command", ["down", "up"])
def test_what_two_kills_left_behind_is_ended_by_the_next_command(
    checkout: Checkout, started: HubUp, command: str
) -> None:
    state = started.state
    os.kill(state.session, signal.SIGSTOP)  # so that it cannot tidy up between the two
    started.launcher.kill()
    os.kill(state.session, signal.SIGKILL)
    wait_for(lambda: len(checkout.processes()) >= 4, 5)
    assert len(session.members(state.session, state.airflow_home)) >= 4
    if command == "down":
        assert "ended what an earlier ./hub up left behind" in checkout.hub("down").stdout
        assert checkout.processes() == []
        return
    again = HubUp.begin(checkout)
    again.await_line("ended what an earlier ./hub up left behind")
    assert session.members(state.session, state.airflow_home) == []
    again.stop(signal.SIGTERM)
    assert checkout.await_no_process() == []


def test_a_taken_port_is_named_before_anything_is_started(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = checkout.hub("up", "--no-browser", "--port", str(port))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)" in ran.stderr


def test_without_an_up_put_and_status_say_what_to_do(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n")
    put = checkout.hub("put", str(tmp_path / "a.csv"))
    assert (put.returncode, "start ./hub up first" in put.stderr) == (1, True)
    status = checkout.hub("status")
    assert (status.returncode, "There is no data yet" in status.stderr) == (1, True)
