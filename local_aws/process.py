"""The local AWS as its users see it: a server process that never outlives the one that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Self, overload

from data_hub.errors import DataHubError
from local_aws import environment
from local_aws.faults import Faults
from local_aws.state_file import State

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

LOG_NAME = "local-aws.log"
STOP_SECONDS = 10.0


class LocalAws:
    """A local AWS: its endpoint, and clients and an environment for it.

    As a context manager it stops the server at the end, if it started it.
    """

    def __init__(self, endpoint: str, server: subprocess.Popen[bytes] | None = None) -> None:
        self.endpoint = endpoint
        self._server = server

    @classmethod
    def start(
        cls, directory: Path, port: int = 0, minute_seconds: float = 60.0, record: Path | None = None
    ) -> LocalAws:
        """Start a server process on 127.0.0.1 and return when it answers.

        The server ends with this process, in whatever way that ends, and takes its Glue job runs along.

        Args:
            directory: where the server keeps its log, its state file and the job runs' scratch folders.
            port: port to listen on; 0 takes a free one.
            minute_seconds: seconds that a minute of a Glue job's timeout lasts; tests make it short.
            record: file that every request is noted in, see ``local_aws.call_record``.

        Raises:
            DataHubError: a local AWS already runs for ``directory``, the port is taken, or the server cannot start.
        """
        if running := cls.running(directory):
            raise DataHubError(
                f"A local AWS already runs for {directory} at {running.endpoint}: use it, or stop it first"
            )
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / LOG_NAME
        server = _spawn(directory.resolve(), port, minute_seconds, record, log)
        try:
            return cls(_await_endpoint(server, port, log), server)
        except BaseException:
            _end(server)
            raise

    @classmethod
    def attach(cls, endpoint: str) -> LocalAws:
        """Use a server that somebody else started and will stop."""
        return cls(endpoint)

    @classmethod
    def running(cls, directory: Path) -> LocalAws | None:
        """Attach to the server that was started with ``directory``, or return None when none is alive."""
        state = State.read(directory)
        return cls.attach(state.endpoint) if state and state.is_alive() else None

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make another process use this local AWS."""
        return environment.client_environment(self.endpoint)

    @property
    def faults(self) -> Faults:
        """The plan by which its S3 and Glue calls fail; at the start there is none."""
        return Faults(self.endpoint)

    @overload
    def client(self, service: Literal["glue"]) -> GlueClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: Any) -> Any:
        """Return a boto3 client of ``service``, see ``local_aws.environment.client``."""
        return environment.client(service, self.endpoint)

    def wait(self) -> None:
        """Return when the server has ended; at once for an attached one."""
        if self._server is not None:
            self._server.wait()

    def stop(self) -> None:
        """End the server and its job runs, and wait until they are gone; an attached server stays."""
        if self._server is not None:
            _end(self._server)
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _spawn(
    directory: Path, port: int, minute_seconds: float, record: Path | None, log: Path
) -> subprocess.Popen[bytes]:
    root = Path(__file__).resolve().parent.parent
    options = {"--directory": str(directory), "--port": str(port), "--minute-seconds": str(minute_seconds)}
    if record:
        options["--record"] = str(record.resolve())
    with log.open("wb") as log_file:
        return subprocess.Popen(
            [sys.executable, "-m", "local_aws", *(word for option in options.items() for word in option)],
            # The server reads its end of this pipe: end of file means that this process is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            env=environment.without_foreign(os.environ) | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'plugins'}"},
            # Ctrl-C reaches this process alone, which decides when the server ends.
            start_new_session=True,
        )


def _await_endpoint(server: subprocess.Popen[bytes], port: int, log: Path) -> str:
    line = _pipe(server.stdout).readline()
    if not line:
        reason = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise DataHubError(f"The local AWS did not start: {reason or 'it said nothing'}; see its log {log}")
    answer = json.loads(line)
    if answer.get("port_taken"):
        raise DataHubError(
            f"Port {port} on 127.0.0.1 is taken: stop the program that uses it, or choose another port "
            "(0 takes a free one)"
        )
    return str(answer["endpoint"])


def _end(server: subprocess.Popen[bytes]) -> None:
    _pipe(server.stdin).close()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    _pipe(server.stdout).close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the server is started with pipes")
    return stream
