"""Rows of a batch on their way into data files: those of many small objects together, of a large one in files apart."""

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from data_hub.iceberg.data_files import DataFileWriter

# Arrow memory of one object's rows up to which they wait for the verdict on the object.
HELD_BYTES = 64 << 20


class ObjectRows:
    """Rows of one object, which may be rejected until its end was read.

    Args:
        table: where they would go.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self.held: list[pa.Table] = []
        self.writer: DataFileWriter | None = None
        self._held_bytes = 0

    def add(self, rows: pa.Table) -> None:
        """Take rows; once they are many they are written to data files of their own."""
        if self.writer is not None:
            self.writer.write(rows)
            return
        self.held.append(rows)
        self._held_bytes += rows.nbytes
        if self._held_bytes > HELD_BYTES:
            self.writer = DataFileWriter(self._table)
            held, self.held = self.held, []
            for part in held:
                self.writer.write(part)

    def discard(self) -> None:
        """Forget them, and delete what was written."""
        self.held = []
        if self.writer is not None:
            self.writer.discard()
            self.writer = None


class BatchRows:
    """Rows of all objects of a batch for one table.

    Args:
        table: where they go.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._shared: DataFileWriter | None = None
        self._writers: list[DataFileWriter] = []
        self._written: list[DataFile] = []

    def take(self, rows: ObjectRows) -> None:
        """Take over the rows of an object that is accepted."""
        if rows.writer is not None:
            self._writers.append(rows.writer)
            self._written += rows.writer.close()
        for part in rows.held:
            self.add(part)

    def add(self, rows: pa.Table) -> None:
        """Take rows that nothing will take back alone."""
        if self._shared is None:
            self._shared = DataFileWriter(self._table)
            self._writers.append(self._shared)
        self._shared.write(rows)

    def data_files(self) -> list[DataFile]:
        """Write what is left and return all data files."""
        if self._shared is not None:
            self._written += self._shared.close()
            self._shared = None
        return self._written

    def discard(self) -> None:
        """Delete what was written."""
        for writer in self._writers:
            writer.discard()
