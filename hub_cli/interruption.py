"""Ctrl-C and SIGTERM: the command ends at once, and so does everything that it started."""

import functools
import os
import signal
import sys
from types import FrameType

import psutil

END_SECONDS = 10.0
SHOW_CURSOR = b"\x1b[?25h"


def end_on_signals(message: str = "Interrupted", exit_code: int | None = None) -> None:
    """Make SIGINT and SIGTERM end this process and its children.

    Args:
        message: what is said on standard error.
        exit_code: how this process ends; by default 130 after SIGINT and 143 after SIGTERM.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, functools.partial(_end, message, 128 + number if exit_code is None else exit_code))


def _end(message: str, exit_code: int, _number: int, _frame: FrameType | None) -> None:
    # Not by an exception: raised while an object is being finalised it would be swallowed.
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    # Past Python's buffers: the signal may have come while one of them was written.
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            os.write(stream.fileno(), SHOW_CURSOR)
    os.write(sys.stderr.fileno(), f"\n{message}\n".encode())
    children = psutil.Process().children(recursive=True)
    for child in children:
        _signal(child, signal.SIGTERM)
    _, alive = psutil.wait_procs(children, timeout=END_SECONDS)
    for child in alive:
        _signal(child, signal.SIGKILL)
    os._exit(exit_code)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
