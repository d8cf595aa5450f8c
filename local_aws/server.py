"""The server process: moto on 127.0.0.1 with our patches, until nobody needs it any more."""

import contextlib
import errno
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local_aws import athena_patches, call_record, moto_gaps, moto_patches
from local_aws.event_sources import EventSources
from local_aws.fault_injection import FaultInjection
from local_aws.job_runner import JobRunner
from local_aws.lambda_runner import LambdaRunner
from local_aws.state_file import State

HOST = "127.0.0.1"
PARENT_CHECK_SECONDS = 0.5


def serve(directory: Path, port: int, minute_seconds: float, record: Path | None) -> None:
    """Serve until standard input ends, the parent process is gone, or SIGTERM or SIGINT arrives.

    The first line on standard output is JSON: ``{"endpoint": url}`` once requests are answered, or
    ``{"port_taken": true}``.

    Args:
        directory: folder for the state file and the job runs' scratch folders.
        port: port on 127.0.0.1; 0 takes a free one.
        minute_seconds: seconds that a minute of a job's or a queue's timeout lasts.
        record: file that every request is noted in, see ``local_aws.call_record``.
    """
    parent = os.getppid()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    try:
        listener = _listen(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _report({"port_taken": True})
        return
    endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
    functions = LambdaRunner(endpoint, directory / "lambda-runs")
    second = minute_seconds / 60
    with JobRunner(endpoint, directory / "job-runs", minute_seconds) as runner, EventSources(functions, second):
        moto_patches.install(runner)
        athena_patches.install(endpoint)
        if record:
            call_record.install(record)
        moto_gaps.install(functions, second)
        _answer(listener)
        with _announced(State(os.getpid(), endpoint), directory):
            _report({"endpoint": endpoint})
            _wait_for_end(parent)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # A second signal must not interrupt the clean-up that the first one began.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(0)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    # Else a port stays taken for a minute after a server that had connections.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(128)
    return listener


def _answer(listener: socket.socket) -> None:
    # Not moto's ThreadedMotoServer: when the port is taken its start() never returns.
    app = FaultInjection(DomainDispatcherApplication(create_backend_app))
    server = make_server(HOST, 0, app, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()


@contextlib.contextmanager
def _announced(state: State, directory: Path) -> Iterator[None]:
    state.write(directory)
    try:
        yield
    finally:
        state.remove(directory)


def _report(answer: dict[str, str | bool]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201  (the parent process reads it)
    # Nobody reads the pipe after the first line: what else is printed belongs into the log.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _wait_for_end(parent: int) -> None:
    # End of file alone does not tell that the parent died while a fork of it still holds the pipe.
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], PARENT_CHECK_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            return
