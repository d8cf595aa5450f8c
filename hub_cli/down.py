"""``hub down``: end what ``hub up`` started, also what a killed one left behind."""

import contextlib
import os
import signal
import time

import psutil
from rich.console import Console

from data_hub.errors import DataHubError
from hub_cli import session, state_lock
from hub_cli.locations import LOCAL_AWS, UP, UP_LOCK
from hub_cli.up_state import UpState

END_SECONDS = 40.0
_LOOK_SECONDS = 0.1


def down(console: Console) -> None:
    """End local AWS and Airflow, and return when all their processes are gone.

    Raises:
        DataHubError: they do not end.
    """
    deadline = time.monotonic() + END_SECONDS
    asked = 0
    while True:
        try:
            with state_lock.held(UP_LOCK):
                if not end_leftovers(console) and not asked:
                    console.print("Nothing runs")
                elif asked:
                    console.print("✔ ended: no process stays")
                return
        except state_lock.Held as holder:
            if holder.pid and holder.pid != asked:
                asked = holder.pid
                with contextlib.suppress(ProcessLookupError):
                    os.kill(asked, signal.SIGTERM)
                    # One that was stopped with Ctrl-Z would not see it.
                    os.kill(asked, signal.SIGCONT)
            if time.monotonic() > deadline:
                raise DataHubError(
                    f"./hub up (process {holder.pid}) does not end: kill it, then say ./hub down again"
                ) from holder
        time.sleep(_LOOK_SECONDS)


def end_leftovers(console: Console) -> bool:
    """End what a ``hub up`` left behind that was killed; the caller holds its lock.

    Returns:
        Whether there was anything.
    """
    state = UpState.read(UP)
    ended = bool(state and state.session and session.end(state.session, state.airflow_home))
    # It notices by itself that its parent is gone, and ends its job runs.
    if servers := _local_aws():
        ended = True
        _, alive = psutil.wait_procs(servers, timeout=END_SECONDS)
        for server in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                server.kill()
        psutil.wait_procs(alive)
    if ended:
        console.print("✔ ended what an earlier ./hub up left behind")
    return ended


def _local_aws() -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if {"local_aws", str(LOCAL_AWS)} <= set(process.info["cmdline"] or ())]
