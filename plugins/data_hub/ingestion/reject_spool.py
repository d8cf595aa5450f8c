"""Rejects of one object, kept until the object's hash is known; on disk once they are many."""

import tempfile
from collections.abc import Iterator
from typing import IO

import pyarrow as pa

HELD_BYTES = 64 << 20


class RejectSpool:
    """Tables of one schema, in the order in which they came."""

    def __init__(self) -> None:
        self.count = 0
        self._held: list[pa.Table] = []
        self._held_bytes = 0
        self._file: IO[bytes] | None = None
        self._stream: pa.RecordBatchStreamWriter | None = None

    def add(self, rejects: pa.Table) -> None:
        """Keep a table."""
        if not len(rejects):
            return
        self.count += len(rejects)
        self._held.append(rejects)
        self._held_bytes += rejects.nbytes
        if self._held_bytes > HELD_BYTES:
            self._spill(rejects.schema)

    def tables(self) -> Iterator[pa.Table]:
        """Give back all tables; only once."""
        if self._stream is not None and self._file is not None:
            self._stream.close()
            self._file.seek(0)
            for batch in pa.ipc.open_stream(self._file):
                yield pa.Table.from_batches([batch])
            self._file.close()
        yield from self._held

    def _spill(self, schema: pa.Schema) -> None:
        if self._stream is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as the spool)
            self._stream = pa.ipc.new_stream(self._file, schema)
        for rejects in self._held:
            self._stream.write_table(rejects)
        self._held, self._held_bytes = [], 0
