"""The ledger: what became of every object, append-only; an object's state is its latest entry."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as IcebergTable

from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import commit
from data_hub.iceberg.commit import Commit, CommitConflict
from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers import superseded
from data_hub.ledgers.entry_table import EntryTable
from data_hub.ledgers.ledger_entry import ACKNOWLEDGED, AWAITING_CORRECTION, SCHEMA, LedgerEntry, to_arrow
from data_hub.ledgers.ledger_rows import LedgerRows
from data_hub.pipelines import pipeline

ATTEMPTS = 20


class Ledger:
    """The ledger of one table, read together with the table's own history.

    The table's commit decides what is ingested; a job that died before it wrote the ledger left its entries in the
    summary of the table's snapshot, and they count as recorded. Entries of a table that was dropped since count no
    more. Writers take turns: an entry is appended to the very ledger that its writer has read.

    Each row of the ledger and each snapshot of the table is read once.
    """

    def __init__(self, ledger_table: IcebergTable | None, data_table: IcebergTable | None) -> None:
        self._ledger_table = ledger_table
        self._data_table = data_table
        self._rows = LedgerRows(SCHEMA.names)
        self._read_at: tuple[int | None, int | None] | None = None
        self._forget()

    def _forget(self) -> None:
        self._entries = EntryTable()
        self._commits: set[str] = set()
        # Entries that only the table's snapshots hold, by commit.
        self._unrecorded: dict[str, list[LedgerEntry]] = {}

    @classmethod
    def open(cls, catalog: Catalog, database: str, table: pipeline.Table) -> "Ledger":
        """Open the ledger of a table; it is empty before the first ingestion."""
        return cls(load(catalog, (database, table.ledger_name)), load(catalog, (database, table.name)))

    def refresh(self) -> None:
        """See what other writers did since."""
        # The ledger comes first: what is committed after it was read is in the table's snapshots.
        for table in (self._ledger_table, self._data_table):
            if table is not None:
                table.refresh()

    def latest(self, key: str) -> LedgerEntry | None:
        """Return the latest entry of a key, as of the last ``refresh``."""
        return self._current().latest(key)

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with, as of the last ``refresh``."""
        return self._current().covers(item)

    def entries(self) -> dict[str, LedgerEntry]:
        """Return key to latest entry, as of the last ``refresh``; all of them, which takes its time and memory."""
        return {entry.key: entry for entry in self._current().all_latest()}

    def history(self, key: str) -> list[LedgerEntry]:
        """Return all entries of a key, the oldest first."""
        return superseded.complete(self._current().of_keys([key]))

    def content(self, key: str) -> LedgerEntry | None:
        """Return the latest entry of the content whose rows are in the table, None when it has none of this key."""
        return superseded.content_of(self._current().of_keys([key]))

    def rejected_files(self) -> list[LedgerEntry]:
        """Return the objects that are rejected or unreadable, and not acknowledged, by key."""
        return sorted(self._current().latest_of_status(AWAITING_CORRECTION), key=lambda entry: entry.key)

    def unrecorded(self) -> list[LedgerEntry]:
        """Return entries that only the table's snapshots hold, because the job that made them died."""
        self._current()
        return [entry for entries in self._unrecorded.values() for entry in entries]

    def acknowledge(self, key: str) -> None:
        """Take note of a rejected object, so that nobody is alarmed by it any more.

        Raises:
            DataHubError: the object is not rejected.
        """
        entry = self.latest(key)
        if entry is None or entry.status not in AWAITING_CORRECTION:
            rejected = ", ".join(other.key for other in self.rejected_files()) or "none"
            raise DataHubError(f"{key} is no rejected file; rejected files: {rejected}")
        self.record([replace(entry, status=ACKNOWLEDGED)])

    def record(self, entries: Sequence[LedgerEntry]) -> None:
        """Append entries; what the ledger says already is not said twice.

        Before the entry of a content that took another one's place comes one that says so of the other.

        Raises:
            TryAgainError: other writers were in the way for too long.
        """
        if self._ledger_table is None:
            raise AssertionError("only a job that has made the tables writes the ledger")
        for _ in range(ATTEMPTS):
            # Not refreshed first: a ledger that others have written to is a conflict.
            missing = self._missing(entries)
            if not missing or self._append(self._ledger_table, missing):
                return
            self.refresh()
        raise TryAgainError(f"Other writers of the ledger were in the way {ATTEMPTS} times; the next run repairs it")

    def _append(self, table: IcebergTable, entries: Sequence[LedgerEntry]) -> bool:
        rows = to_arrow(entries)
        present = set(table.schema().column_names)
        try:
            # A ledger of an older release gets its new columns with the next run of the job.
            written = rows.select([name for name in rows.column_names if name in present])
            snapshot = commit.append_rows(table, written, Commit.new())
        except CommitConflict:
            return False
        # The commit was made on the ledger as it was read: nothing else came between.
        self._rows.skip_to(snapshot)
        self._add(rows)
        return True

    def _missing(self, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
        given = [entry for entry in entries if entry.commit_id is not None]
        # What is about to be written need not be looked up in the table's snapshots.
        known = self._read({str(entry.commit_id) for entry in given})
        committed = [self._stamped(entry) for entry in given if entry.commit_id not in self._commits]
        decided = [
            self._stamped(entry)
            for entry in entries
            if entry.commit_id is None and not entry.is_recorded_as(known.latest(entry.key))
        ]
        return [*self._superseded(committed, known), *committed, *decided]

    def _superseded(self, committed: Sequence[LedgerEntry], known: EntryTable) -> list[LedgerEntry]:
        by_key: dict[str, list[LedgerEntry]] = {entry.key: [] for entry in committed}
        for entry in (*known.of_keys(by_key), *committed):
            by_key[entry.key].append(entry)
        found = (superseded.superseded_by(entry, by_key[entry.key]) for entry in committed)
        return [entry for entry in found if entry is not None]

    def _stamped(self, entry: LedgerEntry) -> LedgerEntry:
        before = self._entries.latest(entry.key)
        # A slow clock must not put an entry before the one that its writer has read.
        soonest = before.recorded_at + timedelta(microseconds=1) if before else entry.recorded_at
        recorded_at = max(datetime.now(UTC), soonest)
        return replace(entry, recorded_at=recorded_at, table_uuid=uuid_of(self._data_table))

    def _current(self) -> EntryTable:
        read_at = (_snapshot_id(self._ledger_table), _snapshot_id(self._data_table))
        if read_at != self._read_at:
            self._read(frozenset())
            self._read_at = read_at
        return self._entries

    def _read(self, commits_at_hand: Set[str]) -> EntryTable:
        """Read what is new; the snapshots of some commits are left for another time."""
        self._read_at = None
        unread = self._rows.unread(self._ledger_table, uuid_of(self._data_table))
        if unread.is_all:
            self._forget()
        for rows in unread.parts:
            self._add(rows)
        known = self._commits | self._unrecorded.keys() | commits_at_hand
        for entry in (found := unrecorded(self._data_table, known)):
            self._unrecorded.setdefault(str(entry.commit_id), []).append(entry)
        self._entries.add(to_arrow(found))
        return self._entries

    def _add(self, rows: pa.Table) -> None:
        self._entries.add(rows)
        commits = rows["commit_id"].drop_null().unique().to_pylist()
        self._commits.update(commits)
        for commit_id in commits:
            self._unrecorded.pop(commit_id, None)


def unrecorded(data_table: IcebergTable | None, known_commits: Set[str]) -> list[LedgerEntry]:
    """Return the entries of commits that the ledger does not know, from the table's snapshots.

    Args:
        data_table: the table, None before it is made.
        known_commits: ids of the commits that the ledger knows.
    """
    if data_table is None:
        return []
    found = []
    for snapshot in data_table.snapshots():
        commit_id = commit.id_of(snapshot)
        if commit_id is None or commit_id in known_commits:
            continue
        recorded_at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        for summary in commit.entries_of(snapshot):
            entry = LedgerEntry.from_summary(summary)
            entry = entry.of_commit(commit_id, snapshot.sequence_number or 0, snapshot.snapshot_id)
            found.append(replace(entry, recorded_at=recorded_at, table_uuid=uuid_of(data_table)))
    return found


def uuid_of(data_table: IcebergTable | None) -> str:
    """Return the UUID by which the ledger knows a table, empty before the table is made."""
    return str(data_table.metadata.table_uuid) if data_table else ""


def load(catalog: Catalog, identifier: tuple[str, str]) -> IcebergTable | None:
    """Load a table, None when there is none."""
    try:
        return catalog.load_table(identifier)
    except NoSuchTableError:
        return None


def _snapshot_id(table: IcebergTable | None) -> int | None:
    return table.metadata.current_snapshot_id if table else None
