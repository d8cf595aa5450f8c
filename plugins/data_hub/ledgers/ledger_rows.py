"""The rows of a ledger, to which entries are only ever added: each is read once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import EqualTo
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Operation, Snapshot

from data_hub.ledgers.ledger_entry import SCHEMA

# Data files are read some at once; a scan of all would hold the rows of all of them.
ROWS_AT_ONCE = 5_000
# Compaction replaces data files and leaves the rows as they are.
_KEEPS_ROWS = {Operation.APPEND, Operation.REPLACE}


@dataclass(frozen=True)
class Unread:
    """What was not read before.

    Attributes:
        is_all: these are all rows: what was read before must be forgotten.
        parts: the rows, with the columns of ``ledger_entry.SCHEMA`` that were asked for; once all are taken they
            count as read.
    """

    is_all: bool
    parts: Iterator[pa.Table]


class LedgerRows:
    """Hands out the rows of a ledger that are about one table.

    Args:
        columns: which columns of ``ledger_entry.SCHEMA``; one that the ledger has not got yet is null.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._uuids: tuple[str, str] | None = None
        self._read_to: int | None = None

    def unread(self, ledger: IcebergTable | None, table_uuid: str) -> Unread:
        """Return the rows that came since the last time; all, when the ledger or the table was made anew."""
        if ledger is None:
            self._uuids = None
            return Unread(is_all=True, parts=iter(()))
        uuids = (str(ledger.metadata.table_uuid), table_uuid)
        since = self._read_to if uuids == self._uuids and _only_grew(ledger, self._read_to) else None
        return Unread(since is None, self._read(ledger, uuids, since))

    def skip_to(self, snapshot: Snapshot) -> None:
        """Count the rows of a snapshot as read: the caller, who has read all before them, has written them."""
        self._read_to = snapshot.snapshot_id

    def _read(self, ledger: IcebergTable, uuids: tuple[str, str], since: int | None) -> Iterator[pa.Table]:
        current = ledger.metadata.current_snapshot_id
        if current is not None and current != since:
            yield from _parts(ledger, uuids[1], since, self._columns)
        self._uuids, self._read_to = uuids, current


def _parts(ledger: IcebergTable, table_uuid: str, since: int | None, columns: Sequence[str]) -> Iterator[pa.Table]:
    present = set(ledger.schema().column_names)
    which: dict[str, Any] = {
        "row_filter": EqualTo(term="table_uuid", value=table_uuid),
        "selected_fields": tuple(name for name in columns if name in present),
    }
    scan = (
        ledger.scan(**which)
        if since is None
        else ledger.incremental_append_scan(from_snapshot_id_exclusive=since, **which)
    )
    reader = ArrowScan(ledger.metadata, ledger.io, scan.projection(), scan.row_filter)
    for tasks in _groups(scan.plan_files()):
        yield pa.Table.from_batches(
            [_with_columns(columns, batch) for batch in reader.to_record_batches(tasks)],
            schema=pa.schema([SCHEMA.field(name) for name in columns]),
        )


def _groups(tasks: Iterable[FileScanTask]) -> Iterator[list[FileScanTask]]:
    group: list[FileScanTask] = []
    for task in tasks:
        if group and sum(other.file.record_count for other in (*group, task)) > ROWS_AT_ONCE:
            yield group
            group = []
        group.append(task)
    if group:
        yield group


def _with_columns(names: Sequence[str], batch: pa.RecordBatch) -> pa.RecordBatch:
    present, fields = set(batch.schema.names), [SCHEMA.field(name) for name in names]
    columns = [
        batch[field.name].cast(field.type) if field.name in present else pa.nulls(len(batch), field.type)
        for field in fields
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _only_grew(ledger: IcebergTable, since: int | None) -> bool:
    """Tell whether all that was done to the ledger since a snapshot added rows, or kept them as they were."""
    snapshots = {snapshot.snapshot_id: snapshot for snapshot in ledger.snapshots()}
    found = ledger.metadata.current_snapshot_id
    while found is not None and found != since:
        snapshot = snapshots.get(found)
        if snapshot is None or snapshot.summary is None or snapshot.summary.operation not in _KEEPS_ROWS:
            return False
        found = snapshot.parent_snapshot_id
    return found == since
