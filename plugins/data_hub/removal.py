"""What has to be done to the data files of a table so that rows go."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.expressions import BooleanExpression, Not
from pyiceberg.expressions.visitors import bind, extract_field_ids
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table

from data_hub import data_files


@dataclass(frozen=True)
class Removal:
    """Data files that hold rows which go, and what replaces them.

    Attributes:
        removed: data files of the table that hold at least one such row.
        rewritten: new data files with the other rows of these.
    """

    removed: list[DataFile]
    rewritten: list[DataFile]

    @classmethod
    def plan(cls, table: Table, replaced: BooleanExpression) -> "Removal":
        """Find the rows that match and write the others of their data files anew, with bounded memory.

        pyiceberg's own delete reads a data file whole, and needs another library to write it by partition.

        Raises:
            OSError: a data file cannot be read or written.
        """
        removed, shared = [], []
        for task in table.scan(row_filter=replaced).plan_files():
            matching = _count(table, task, replaced)
            if matching:
                removed.append(task.file)
            if 0 < matching < task.file.record_count:
                shared.append(task)
        rows = (part for task in shared for part in _read(table, task, Not(replaced), table.schema()))
        return cls(removed, data_files.written(table, rows) if shared else [])


def _count(table: Table, task: FileScanTask, matching: BooleanExpression) -> int:
    ids = extract_field_ids(bind(table.schema(), matching, case_sensitive=True))
    columns = [column.name for column in table.schema().fields if column.field_id in ids]
    return sum(map(len, _read(table, task, matching, table.schema().select(*columns))))


def _read(table: Table, task: FileScanTask, matching: BooleanExpression, schema: Schema) -> Iterator[pa.Table]:
    scan = ArrowScan(table.metadata, table.io, schema, matching)
    return (pa.Table.from_batches([batch]) for batch in scan.to_record_batches([task]))
