"""The ledger: what became of every object, append-only; an object's state is its latest entry."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as IcebergTable

from data_hub import commit, pipeline
from data_hub.commit import Commit
from data_hub.errors import DataHubError

INGESTED = "ingested"
REJECTED = "rejected"
SKIPPED = "skipped"
ACKNOWLEDGED = "acknowledged"

SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("version_id", pa.string()),
        ("etag", pa.string()),
        ("sha256", pa.string()),
        ("size", pa.int64()),
        ("status", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_ingested", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("message", pa.string()),
        ("job_run_id", pa.string()),
        ("commit_id", pa.string()),
        ("sequence_number", pa.int64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one version of an object.

    Attributes:
        key: the object's key.
        version_id: S3's version id, if the bucket has versions.
        etag: ETag of the version.
        sha256: hash of its bytes.
        size: bytes.
        status: ``ingested``; ``rejected`` (nothing of it is in the table); ``skipped`` (the same bytes were ingested
            already); ``acknowledged`` (rejected, and somebody took note).
        rows_read: rows in the file, ``rows_ingested + rows_rejected``.
        rows_ingested: rows in the table.
        rows_rejected: rows in the rejects table.
        message: why it was rejected or skipped, else empty.
        job_run_id: the Glue job run that did it.
        commit_id: the commit of the table that ingested it, None where there was none.
        sequence_number: the table's Iceberg sequence number after it; orders the entries of one object.
        recorded_at: when.
    """

    key: str
    version_id: str | None
    etag: str
    sha256: str
    size: int
    status: str
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    message: str
    job_run_id: str
    commit_id: str | None = None
    sequence_number: int = 0
    recorded_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        """Return the entry as a line for people."""
        counts = f"{self.rows_read:,} read = {self.rows_ingested:,} ingested + {self.rows_rejected:,} rejected"
        return f"{self.key}: {self.status}, {counts}{f' ({self.message})' if self.message else ''}"

    def recorded(self, commit_id: str | None, sequence_number: int) -> "LedgerEntry":
        """Return the entry as it stands in the ledger after a commit."""
        return replace(self, commit_id=commit_id, sequence_number=sequence_number, recorded_at=datetime.now(UTC))

    def to_summary(self) -> dict[str, Any]:
        """Return the part that the table's commit carries, from which the entry can be made again."""
        derived = {"commit_id", "sequence_number", "recorded_at"}
        return {name: value for name, value in asdict(self).items() if name not in derived}


class Ledger:
    """The ledger of one table, read together with the table's own history.

    The table's commit decides what is ingested; a job that died before it wrote the ledger left its entries in the
    summary of the table's snapshot, and they count as recorded.
    """

    def __init__(self, ledger_table: IcebergTable | None, data_table: IcebergTable | None) -> None:
        self._ledger_table = ledger_table
        self._data_table = data_table

    @classmethod
    def open(cls, catalog: Catalog, database: str, table: pipeline.Table) -> "Ledger":
        """Open the ledger of a table; it is empty before the first ingestion."""
        return cls(_load(catalog, (database, table.ledger_name)), _load(catalog, (database, table.name)))

    def latest(self) -> pa.Table:
        """Return the latest entry of each object, with the columns of ``SCHEMA``."""
        entries = pa.concat_tables([self._recorded(), _to_arrow(self.unrecorded())])
        ordered = entries.sort_by([("sequence_number", "ascending"), ("recorded_at", "ascending")])
        columns = [name for name in SCHEMA.names if name != "key"]
        last = ordered.group_by("key", use_threads=False).aggregate([(name, "last") for name in columns])
        return last.rename_columns({f"{name}_last": name for name in columns}).select(SCHEMA.names)

    def etags(self) -> dict[str, str]:
        """Return key to ETag of the version that was dealt with last."""
        latest = self.latest()
        return dict(zip(latest["key"].to_pylist(), latest["etag"].to_pylist(), strict=True))

    def entries(self) -> dict[str, LedgerEntry]:
        """Return key to latest entry."""
        return {row["key"]: LedgerEntry(**row) for row in self.latest().to_pylist()}

    def rejected_files(self) -> list[LedgerEntry]:
        """Return the objects that were rejected and neither delivered again nor acknowledged, by key."""
        rejected = [entry for entry in self.entries().values() if entry.status == REJECTED]
        return sorted(rejected, key=lambda entry: entry.key)

    def unrecorded(self) -> list[LedgerEntry]:
        """Return entries that only the table's snapshots hold, because the job that made them died."""
        if self._data_table is None:
            return []
        known = set(self._recorded().column("commit_id").unique().to_pylist())
        found = []
        for snapshot in self._data_table.snapshots():
            made_by = commit.entries_of(snapshot)
            if made_by is None or made_by[0] in known:
                continue
            recorded_at = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
            found += [
                replace(
                    LedgerEntry(**entry),
                    commit_id=made_by[0],
                    sequence_number=snapshot.sequence_number or 0,
                    recorded_at=recorded_at,
                )
                for entry in made_by[1]
            ]
        return found

    def record(self, entries: Sequence[LedgerEntry]) -> None:
        """Append entries.

        Raises:
            CommitConflict: too many other writers at once.
        """
        if entries and self._ledger_table is not None:
            commit.append_rows(self._ledger_table, _to_arrow(entries), Commit.new())

    def acknowledge(self, key: str) -> None:
        """Take note of a rejected object, so that nobody is alarmed by it any more.

        Raises:
            DataHubError: the object is not rejected.
        """
        entry = self.entries().get(key)
        if entry is None or entry.status != REJECTED:
            rejected = ", ".join(other.key for other in self.rejected_files()) or "none"
            raise DataHubError(f"{key} is no rejected file; rejected files: {rejected}")
        noted = replace(entry, status=ACKNOWLEDGED)
        self.record([noted.recorded(entry.commit_id, entry.sequence_number)])

    def refresh(self) -> None:
        """See what other writers did since."""
        for table in (self._ledger_table, self._data_table):
            if table is not None:
                table.refresh()

    def _recorded(self) -> pa.Table:
        if self._ledger_table is None:
            return SCHEMA.empty_table()
        return self._ledger_table.scan().to_arrow().select(SCHEMA.names).cast(SCHEMA)


def _to_arrow(entries: Iterable[LedgerEntry]) -> pa.Table:
    names = [field.name for field in fields(LedgerEntry)]
    return pa.Table.from_pylist([{name: getattr(entry, name) for name in names} for entry in entries], schema=SCHEMA)


def _load(catalog: Catalog, identifier: tuple[str, str]) -> IcebergTable | None:
    try:
        return catalog.load_table(identifier)
    except NoSuchTableError:
        return None
