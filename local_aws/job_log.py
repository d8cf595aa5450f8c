"""A CloudWatch log stream that a run's output goes to."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_logs import CloudWatchLogsClient

READ_BYTES = 65_536


class JobLog:
    """The stream of one run of a Glue job or a Lambda function."""

    def __init__(self, client: CloudWatchLogsClient, group: str, stream: str) -> None:
        """Create the stream, and the group when it is missing.

        Args:
            client: CloudWatch Logs.
            group: name of the log group.
            stream: name of the log stream.
        """
        self.last_line = ""
        self._client = client
        self._group = group
        self._stream = stream
        try:
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        except client.exceptions.ResourceNotFoundException:
            with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName=stream)

    @contextlib.contextmanager
    def copying(self, source: IO[bytes] | None, patience_seconds: float) -> Iterator[None]:
        """Copy ``source`` line by line while the block runs, and to its end afterwards.

        Args:
            source: a pipe.
            patience_seconds: how long to wait for the pipe's end after the block.
        """
        if source is None:
            raise AssertionError("job runs are started with pipes")
        thread = threading.Thread(target=self._copy, args=(source,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join(patience_seconds)

    def _copy(self, source: IO[bytes]) -> None:
        rest = b""
        while data := source.read1(READ_BYTES):  # type: ignore[attr-defined]
            *lines, rest = (rest + data).split(b"\n")
            self._write(lines)
        self._write([rest])

    def _write(self, lines: list[bytes]) -> None:
        # CloudWatch refuses an event without text.
        texts = [text for line in lines if (text := line.decode(errors="replace").rstrip())]
        if not texts:
            return
        self.last_line = texts[-1]
        now = int(time.time() * 1000)
        self._client.put_log_events(
            logGroupName=self._group,
            logStreamName=self._stream,
            logEvents=[{"timestamp": now, "message": text} for text in texts],
        )
