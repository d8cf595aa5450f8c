"""The ledger: what became of every object, append-only; an object's state is its latest entry."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as IcebergTable

from data_hub import commit, pipeline
from data_hub.commit import Commit, CommitConflict
from data_hub.errors import DataHubError, TryAgainError
from data_hub.ledger_entry import ACKNOWLEDGED, REJECTED, SCHEMA, LedgerEntry, to_arrow

ATTEMPTS = 20


class Ledger:
    """The ledger of one table, read together with the table's own history.

    The table's commit decides what is ingested; a job that died before it wrote the ledger left its entries in the
    summary of the table's snapshot, and they count as recorded. Entries of a table that was dropped since count no
    more. Writers take turns: an entry is appended to the very ledger that its writer has read.
    """

    def __init__(self, ledger_table: IcebergTable | None, data_table: IcebergTable | None) -> None:
        self._ledger_table = ledger_table
        self._data_table = data_table
        self._rows = SCHEMA.empty_table()
        self._rows_snapshot: int | None = None
        self._entries: dict[str, LedgerEntry] | None = None
        self._entries_at: tuple[int | None, int | None] = (None, None)

    @classmethod
    def open(cls, catalog: Catalog, database: str, table: pipeline.Table) -> "Ledger":
        """Open the ledger of a table; it is empty before the first ingestion."""
        return cls(load(catalog, (database, table.ledger_name)), load(catalog, (database, table.name)))

    def entries(self) -> dict[str, LedgerEntry]:
        """Return key to latest entry, as of the last ``refresh``."""
        at = (_snapshot_id(self._ledger_table), _snapshot_id(self._data_table))
        if self._entries is None or self._entries_at != at:
            self._entries, self._entries_at = self._latest(), at
        return self._entries

    def _latest(self) -> dict[str, LedgerEntry]:
        every = pa.concat_tables([self._recorded(), to_arrow(self.unrecorded())])
        # What was decided on a state of the table comes after the commit that made it, whoever writes first.
        # data_hub.covered_versions has the same order.
        every = every.append_column("is_decision", pc.is_null(every["commit_id"]))
        order = ("sequence_number", "is_decision", "recorded_at")
        ordered = every.sort_by([(name, "ascending") for name in order])
        columns = [name for name in SCHEMA.names if name != "key"]
        # Without the option pyarrow would fill a null of the latest entry from an older one.
        keep_nulls = pc.ScalarAggregateOptions(skip_nulls=False)
        last = ordered.group_by("key", use_threads=False).aggregate([(name, "last", keep_nulls) for name in columns])
        latest = last.rename_columns({f"{name}_last": name for name in columns})
        return {row["key"]: LedgerEntry(**row) for row in latest.to_pylist()}

    def rejected_files(self) -> list[LedgerEntry]:
        """Return the objects that were rejected and neither delivered again nor acknowledged, by key."""
        rejected = [entry for entry in self.entries().values() if entry.status == REJECTED]
        return sorted(rejected, key=lambda entry: entry.key)

    def unrecorded(self) -> list[LedgerEntry]:
        """Return entries that only the table's snapshots hold, because the job that made them died."""
        return unrecorded(self._data_table, set(self._recorded()["commit_id"].unique().to_pylist()))

    def record(self, entries: Sequence[LedgerEntry]) -> None:
        """Append entries; what the ledger says already is not said twice.

        Raises:
            TryAgainError: other writers were in the way for too long.
        """
        if self._ledger_table is None:
            raise AssertionError("only a job that has made the tables writes the ledger")
        for _ in range(ATTEMPTS):
            self.refresh()
            missing = self._missing(entries)
            if not missing:
                return
            try:
                snapshot = commit.append_rows(self._ledger_table, missing, Commit.new())
            except CommitConflict:
                continue
            # The commit was made on the ledger as it was read: nothing else came between.
            self._rows, self._rows_snapshot = pa.concat_tables([self._rows, missing]), snapshot.snapshot_id
            return
        raise TryAgainError(f"Other writers of the ledger were in the way {ATTEMPTS} times; the next run repairs it")

    def acknowledge(self, key: str) -> None:
        """Take note of a rejected object, so that nobody is alarmed by it any more.

        Raises:
            DataHubError: the object is not rejected.
        """
        entry = self.entries().get(key)
        if entry is None or entry.status != REJECTED:
            rejected = ", ".join(other.key for other in self.rejected_files()) or "none"
            raise DataHubError(f"{key} is no rejected file; rejected files: {rejected}")
        self.record([replace(entry, status=ACKNOWLEDGED)])

    def refresh(self) -> None:
        """See what other writers did since."""
        for table in (self._ledger_table, self._data_table):
            if table is not None:
                table.refresh()

    def _missing(self, entries: Sequence[LedgerEntry]) -> pa.Table:
        commits = set(self._recorded()["commit_id"].drop_null().to_pylist())
        latest = self.entries()
        missing = []
        for entry in entries:
            before = latest.get(entry.key)
            if entry.commit_id in commits or (entry.commit_id is None and entry.is_recorded_as(before)):
                continue
            # A slow clock must not put an entry before the one that its writer has read.
            soonest = before.recorded_at + timedelta(microseconds=1) if before else entry.recorded_at
            recorded_at = max(datetime.now(UTC), soonest)
            missing.append(replace(entry, recorded_at=recorded_at, table_uuid=self._table_uuid()))
        return to_arrow(missing)

    def _recorded(self) -> pa.Table:
        snapshot_id = _snapshot_id(self._ledger_table)
        if self._ledger_table is None or snapshot_id is None:
            return SCHEMA.empty_table()
        if snapshot_id != self._rows_snapshot:
            self._rows = self._ledger_table.scan().to_arrow().select(SCHEMA.names).cast(SCHEMA)
            self._rows_snapshot = snapshot_id
        return self._rows.filter(pc.equal(self._rows["table_uuid"], self._table_uuid()))

    def _table_uuid(self) -> str:
        return uuid_of(self._data_table)


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
        for summary in commit.entries_of(snapshot):
            entry = LedgerEntry.from_summary(summary).of_commit(commit_id, snapshot.sequence_number or 0)
            recorded_at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
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
    snapshot = table.current_snapshot() if table else None
    return snapshot.snapshot_id if snapshot else None
