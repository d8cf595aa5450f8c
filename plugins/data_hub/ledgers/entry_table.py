"""Entries of a ledger in memory: rows of Arrow, found by key; some 500 bytes for each."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.ledger_entry import OF_ONE_DELIVERY, SCHEMA, UNREADABLE, LedgerEntry

# Columns with few different values.
_REPEATED = ("status", "job_run_id", "table_uuid", "commit_id")


class EntryTable:
    """Entries, of which the latest of a key counts.

    ``LedgerEntry`` objects are made only of the entries that are asked for.
    """

    def __init__(self) -> None:
        self._parts: list[pa.RecordBatch] = []
        self._starts: list[int] = []
        # Row for row what orders the entries of a key, as in LedgerEntry.order.
        self._turns = array("q")
        self._moments = array("q")
        # Key to the row of its latest entry.
        self._latest: dict[str, int] = {}

    def add(self, rows: pa.Table) -> None:
        """Add entries, in any order.

        Args:
            rows: entries with the columns of ``SCHEMA``; of two that nothing orders the one that is added later counts.
        """
        if not len(rows):
            return
        first = len(self._turns)
        decisions = pc.is_null(rows["commit_id"]).cast(pa.int64())
        self._turns.extend(pc.add(pc.multiply(rows["sequence_number"], 2), decisions).to_pylist())
        self._moments.extend(rows["recorded_at"].cast(pa.int64()).to_pylist())
        self._parts.append(_compact(rows))
        self._starts.append(first)
        for row, key in enumerate(rows["key"].to_pylist(), first):
            if self._order(row) >= self._order(self._latest.setdefault(key, row)):
                self._latest[key] = row

    def __contains__(self, key: str) -> bool:
        return key in self._latest

    def latest(self, key: str) -> LedgerEntry | None:
        """Return the latest entry of a key."""
        row = self._latest.get(key)
        return None if row is None else self._entry(row)

    def covers(self, item: SourceObject) -> bool:
        """Tell what ``LedgerEntry.covers`` tells of the latest entry, without making it."""
        row = self._latest.get(item.key)
        if row is None:
            return False
        part, offset = self._place(row)
        if part["etag"][offset].as_py() != item.etag:
            return False
        status = part["status"][offset].as_py()
        if status not in OF_ONE_DELIVERY:
            return bool(status != UNREADABLE)
        return bool(part["last_modified"][offset].as_py() == item.last_modified)

    def all_latest(self) -> Iterator[LedgerEntry]:
        """Give the latest entry of each key."""
        return map(self._entry, self._latest.values())

    def latest_of_status(self, statuses: Iterable[str]) -> list[LedgerEntry]:
        """Return the latest entries that have one of these statuses."""
        rows = self._rows_where("status", pa.array(sorted(statuses)))
        return [self._entry(row) for row in rows if self._latest[self._key(row)] == row]

    def of_keys(self, keys: Iterable[str]) -> list[LedgerEntry]:
        """Return all entries of some keys, in order."""
        known = [key for key in keys if key in self._latest]
        if not known:
            return []
        rows = self._rows_where("key", pa.array(known, pa.string()))
        return [self._entry(row) for row in sorted(rows, key=self._order)]

    def _order(self, row: int) -> tuple[int, int]:
        return (self._turns[row], self._moments[row])

    def _place(self, row: int) -> tuple[pa.RecordBatch, int]:
        number = bisect_right(self._starts, row) - 1
        return self._parts[number], row - self._starts[number]

    def _key(self, row: int) -> str:
        part, offset = self._place(row)
        return str(part["key"][offset].as_py())

    def _entry(self, row: int) -> LedgerEntry:
        part, offset = self._place(row)
        return LedgerEntry(**{name: part[name][offset].as_py() for name in SCHEMA.names})

    def _rows_where(self, column: str, values: pa.Array) -> Iterator[int]:
        for start, part in zip(self._starts, self._parts, strict=True):
            for offset in pc.indices_nonzero(pc.is_in(part[column], values)).to_pylist():
                yield start + offset


def _compact(rows: pa.Table) -> pa.RecordBatch:
    columns = {}
    for field in SCHEMA:
        column = rows[field.name].cast(field.type).combine_chunks()
        columns[field.name] = pc.dictionary_encode(column) if field.name in _REPEATED else column
    return pa.RecordBatch.from_pydict(columns)
