"""The processes of a session: what a supervisor started, also what left its process group or lost its parent."""

import os
import signal
import time

import psutil

PATIENCE_SECONDS = 4.0
_LOOK_SECONDS = 0.1


def end(session: int, airflow_home: str, patience: float = PATIENCE_SECONDS) -> int:
    """End all processes of a session but this one, and wait until they are gone: SIGTERM first, then SIGKILL.

    Args:
        session: session id.
        airflow_home: what the processes have as AIRFLOW_HOME; processes that took over a session id are left alone.
        patience: seconds from SIGTERM to SIGKILL.

    Returns:
        How many there were.
    """
    began = time.monotonic()
    asked: set[int] = set()
    while left := members(session, airflow_home):
        for process in left:
            if time.monotonic() - began > patience:
                _signal(process, signal.SIGKILL)
            elif process.pid not in asked:
                asked.add(process.pid)
                _signal(process, signal.SIGTERM)
        psutil.wait_procs(left, timeout=_LOOK_SECONDS)
    return len(asked)


def members(session: int, airflow_home: str) -> list[psutil.Process]:
    """Return the processes of a session that have this AIRFLOW_HOME, but for the calling one."""
    return [process for process in psutil.process_iter() if _belongs(process, session, airflow_home)]


def _belongs(process: psutil.Process, session: int, airflow_home: str) -> bool:
    try:
        return (
            process.pid != os.getpid()
            and os.getsid(process.pid) == session
            and process.status() != psutil.STATUS_ZOMBIE
            and process.environ().get("AIRFLOW_HOME") == airflow_home
        )
    except (psutil.Error, OSError):
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
