"""What has to be done to the data files of a table so that rows go."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.expressions import BooleanExpression, IsNull, Not, Or
from pyiceberg.expressions.visitors import bind, extract_field_ids
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table

from data_hub.iceberg import data_files


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

        Args:
            table: as it was loaded.
            replaced: equality with values, of the same columns in each alternative.

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
        # Of another writer's row without a value, neither the condition nor its opposite is true.
        others: BooleanExpression = Not(replaced)
        for name in _columns(table, replaced):
            others = Or(others, IsNull(term=name))
        rows = (part for task in shared for part in _read(table, task, others, table.schema()))
        return cls(removed, data_files.written(table, rows) if shared else [])


def _count(table: Table, task: FileScanTask, matching: BooleanExpression) -> int:
    return sum(map(len, _read(table, task, matching, table.schema().select(*_columns(table, matching)))))


def _columns(table: Table, condition: BooleanExpression) -> list[str]:
    ids = extract_field_ids(bind(table.schema(), condition, case_sensitive=True))
    return [column.name for column in table.schema().fields if column.field_id in ids]


def _read(table: Table, task: FileScanTask, matching: BooleanExpression, schema: Schema) -> Iterator[pa.Table]:
    scan = ArrowScan(table.metadata, table.io, schema, matching)
    # What is public holds all rows of a data file in memory; deletes of single rows are other writers' and rare.
    batches = (
        scan.to_record_batches([task])
        if task.delete_files
        else scan._record_batches_from_scan_tasks_and_deletes([task], {})
    )
    return (pa.Table.from_batches([batch]) for batch in batches)
