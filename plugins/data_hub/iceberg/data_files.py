"""Data files of a table, written with bounded memory; they belong to nothing until a commit names them."""

import contextlib
import os
import uuid
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionKey
from pyiceberg.table import Table
from pyiceberg.typedef import Record

from data_hub.iceberg.open_data_file import OpenDataFile
from data_hub.iceberg.partition_split import PartitionSplit

# Arrow memory of the rows of one partition that become a row group together.
ROW_GROUP_BYTES = 48 << 20
# Arrow memory of all rows that wait until their row group is full.
WAITING_BYTES = 192 << 20
WRITERS = min(max((os.cpu_count() or 2) // 2, 2), 4)
# Arrow memory, about ten times the bytes in the file, after which a data file is full.
DATA_FILE_BYTES = 4 << 30
# Each open file holds the buffers of its upload.
MAX_OPEN_FILES = 32


def arrow_schema(table: Table) -> pa.Schema:
    """Return the columns of a table as rows are written, with Iceberg's field ids."""
    ids = {column.name: column.field_id for column in table.schema().fields}
    return pa.schema(
        [
            pa.field(
                column.name,
                # pyiceberg shows its strings as large ones.
                pa.string() if column.type == pa.large_string() else column.type,
                metadata={b"PARQUET:field_id": str(ids[column.name]).encode()},
            )
            for column in schema_to_pyarrow(table.schema(), include_field_ids=False)
        ]
    )


def written(table: Table, rows: Iterable[pa.Table]) -> list[DataFile]:
    """Write rows into data files of a table.

    Raises:
        OSError: a file cannot be written; those that were written are deleted.
    """
    writer = DataFileWriter(table)
    try:
        for part in rows:
            writer.write(part)
        return writer.close()
    except BaseException:
        writer.discard()
        raise


def delete(table: Table, paths: Iterable[str]) -> None:
    """Delete data files that belong to nothing; one that cannot be deleted is an orphan, which harms nobody."""
    for path in paths:
        with contextlib.suppress(OSError):
            table.io.delete(path)


def _kept_alone(part: pa.Table, row_count: int) -> pa.Table:
    """Return rows that do not keep the memory of many others, of which they were a slice, while they wait."""
    if 2 * len(part) >= row_count:
        return part
    return pa.Table.from_arrays([pa.concat_arrays(column.chunks) for column in part.columns], schema=part.schema)


@dataclass(eq=False)
class _Partition:
    """Rows of one partition that wait, and its files that can take more."""

    key: PartitionKey | None
    waiting: list[pa.Table] = field(default_factory=list)
    waiting_bytes: int = 0
    files: list[OpenDataFile] = field(default_factory=list)


class DataFileWriter:
    """Writes rows, split by partition, into Parquet files of a table.

    Rows wait until a row group is worth writing; row groups are encoded in the background. Memory stays bounded however
    many rows come.

    Args:
        table: the table as it is now.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._arrow_schema = arrow_schema(table)
        self._split = PartitionSplit(table)
        self._pool = ThreadPoolExecutor(WRITERS, "data-files")
        self._pending: deque[Future[None]] = deque()
        self._id, self._numbers = uuid.uuid4(), count()
        self._partitions: dict[Record | None, _Partition] = {}
        self._waiting_bytes = 0
        # Those used last are at the end.
        self._open: list[OpenDataFile] = []
        self._paths: list[str] = []
        self._done: list[DataFile] = []

    def write(self, rows: pa.Table) -> None:
        """Take rows: the table's columns, in any order; one that is missing is NULL.

        Raises:
            OSError: a file cannot be written.
        """
        aligned = self._aligned(rows)
        for key, part in self._split.split(aligned):
            if len(part):
                self._add(key, _kept_alone(part, len(aligned)))

    def close(self) -> list[DataFile]:
        """Write what waits, and return the data files.

        Raises:
            OSError: a file cannot be written.
        """
        with self._pool:
            for partition in self._partitions.values():
                self._flush(partition)
            while self._pending:
                self._pending.popleft().result()
            self._done += self._pool.map(OpenDataFile.close, self._open)
            self._open.clear()
        return self._done

    def discard(self) -> None:
        """Delete what was written; a file that cannot be deleted is an orphan, which harms nobody."""
        self._pool.shutdown(cancel_futures=True)
        for file in self._open:
            # An object of S3 that is still open would appear when Python forgets it, after it was deleted.
            file.abandon()
        self._open.clear()
        self._waiting_bytes = 0
        self._partitions.clear()
        delete(self._table, self._paths)

    def _aligned(self, rows: pa.Table) -> pa.Table:
        present = set(rows.column_names)
        columns = [
            rows[column.name].cast(column.type) if column.name in present else pa.nulls(len(rows), column.type)
            for column in self._arrow_schema
        ]
        return pa.Table.from_arrays(columns, schema=self._arrow_schema)

    def _add(self, key: PartitionKey | None, rows: pa.Table) -> None:
        partition = self._partitions.setdefault(key.partition if key else None, _Partition(key))
        size = rows.nbytes
        partition.waiting.append(rows)
        partition.waiting_bytes += size
        self._waiting_bytes += size
        if partition.waiting_bytes >= ROW_GROUP_BYTES:
            self._flush(partition)
        elif self._waiting_bytes >= WAITING_BYTES:
            self._flush(max(self._partitions.values(), key=lambda each: each.waiting_bytes))

    def _flush(self, partition: _Partition) -> None:
        """Hand the rows that wait to a writer; wait for one if all have enough to do."""
        if not partition.waiting:
            return
        while len(self._pending) >= WRITERS:
            self._pending.popleft().result()
        rows = pa.concat_tables(partition.waiting)
        self._pending.append(self._file_for(partition).submit(self._pool, rows, partition.waiting_bytes))
        self._waiting_bytes -= partition.waiting_bytes
        partition.waiting, partition.waiting_bytes = [], 0

    def _file_for(self, partition: _Partition) -> OpenDataFile:
        file = next((file for file in partition.files if file.is_idle), None)
        if file is None:
            file = self._new_file(partition)
        else:
            self._open.remove(file)
        self._open.append(file)
        if file.bytes >= DATA_FILE_BYTES:
            partition.files.remove(file)
        return file

    def _new_file(self, partition: _Partition) -> OpenDataFile:
        if len(self._open) >= MAX_OPEN_FILES:
            oldest = self._open.pop(0)
            for each in self._partitions.values():
                each.files = [file for file in each.files if file is not oldest]
            self._done.append(oldest.close())
        file = OpenDataFile(self._table, f"00000-{next(self._numbers)}-{self._id}.parquet", partition.key)
        self._paths.append(file.path)
        partition.files.append(file)
        return file
