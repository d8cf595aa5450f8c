"""A data file that row groups are still added to."""

import contextlib
from concurrent.futures import Executor, Future
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.fileformat import FileFormatFactory
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionKey
from pyiceberg.table import Table
from pyiceberg.typedef import Record

# Parquet's statistics leave out bounds of more bytes.
_MAX_BOUND_BYTES = 4096


class OpenDataFile:
    """A Parquet file of one partition of a table; one row group is encoded at a time.

    Args:
        table: whose file it is.
        name: file name.
        partition: where it belongs, None in a table without partitions.

    Attributes:
        path: where it is.
        bytes: Arrow memory of the rows that were handed over.
    """

    def __init__(self, table: Table, name: str, partition: PartitionKey | None) -> None:
        self.path = table.location_provider().new_data_location(name, partition)
        self.bytes = 0
        self._spec_id = table.metadata.default_spec_id
        self._partition = partition
        self._output = table.io.new_output(self.path)
        model = FileFormatFactory.get(FileFormat.PARQUET)
        self._writer = model.create_writer(self._output, table.schema(), table.metadata.properties)
        self._pending: Future[None] | None = None
        self._ids = {column.name: column.field_id for column in table.schema().fields}
        self._unbounded: set[int] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no row group is being encoded."""
        return self._pending is None or self._pending.done()

    def submit(self, pool: Executor, rows: pa.Table, size: int) -> Future[None]:
        """Add rows in the background; only for a file that is idle.

        Args:
            pool: encodes them.
            rows: the table's columns with their field ids.
            size: their Arrow memory in bytes.
        """
        self.bytes += size
        self._pending = pool.submit(self._write, rows)
        return self._pending

    def _write(self, rows: pa.Table) -> None:
        self._unbounded.update(self._ids[name] for name in rows.column_names if _is_long(rows[name]))
        self._writer.write(rows)

    def abandon(self) -> None:
        """Let go of the file, whatever is in it; only when no row group is being encoded."""
        with contextlib.suppress(Exception):
            self._writer.close()

    def close(self) -> DataFile:
        """Finish the file.

        Raises:
            OSError: it could not be written.
        """
        if self._pending is not None:
            self._pending.result()
        statistics = self._writer.close()
        # pyiceberg takes the bounds of the other row groups for those of the file, which would hide rows from queries.
        bounded = {key: each for key, each in statistics.column_aggregates.items() if key not in self._unbounded}
        statistics = replace(statistics, column_aggregates=bounded)
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=self.path,
            file_format=FileFormat.PARQUET,
            partition=self._partition.partition if self._partition else Record(),
            file_size_in_bytes=len(self._output),
            sort_order_id=None,
            spec_id=self._spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )


def _is_long(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(column.type):
        return False
    return bool((pc.max(pc.binary_length(column)).as_py() or 0) > _MAX_BOUND_BYTES)
