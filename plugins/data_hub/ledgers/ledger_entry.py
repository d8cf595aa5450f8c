"""An entry of the ledger: what became of one version of an object."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from data_hub.ingestion.objects import SourceObject

INGESTED = "ingested"
REJECTED = "rejected"
SUPERSEDED = "superseded"
SKIPPED = "skipped"
WITHDRAWN = "withdrawn"
UNREADABLE = "unreadable"
ACKNOWLEDGED = "acknowledged"
STATUSES = (INGESTED, REJECTED, SUPERSEDED, SKIPPED, WITHDRAWN, UNREADABLE, ACKNOWLEDGED)
# What somebody has to put in order.
AWAITING_CORRECTION = frozenset({REJECTED, UNREADABLE})
# What holds for one delivery of a content; the others hold for the content, whenever it is delivered.
OF_ONE_DELIVERY = frozenset({REJECTED, ACKNOWLEDGED, WITHDRAWN})

_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("version_id", pa.string()),
        ("etag", pa.string()),
        ("last_modified", _MOMENT),
        ("sha256", pa.string()),
        ("size", pa.int64()),
        ("status", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_ingested", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("message", pa.string()),
        ("job_run_id", pa.string()),
        ("table_uuid", pa.string()),
        ("commit_id", pa.string()),
        ("snapshot_id", pa.int64()),
        ("sequence_number", pa.int64()),
        ("recorded_at", _MOMENT),
    ]
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Names in the summary of a snapshot, which every reader of the table loads with its metadata.
_SUMMARY_NAMES = {
    "key": "k",
    "version_id": "v",
    "etag": "e",
    "last_modified": "m",
    "sha256": "h",
    "size": "b",
    "status": "s",
    "rows_read": "n",
    "rows_ingested": "i",
    "rows_rejected": "r",
    "message": "t",
    "job_run_id": "j",
}
# Not written when the value is this.
_UNSAID: dict[str, Any] = {"version_id": None, "status": INGESTED, "rows_rejected": 0, "message": ""}


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one version of an object.

    Attributes:
        key: the object's key.
        version_id: S3's version id, if the bucket has versions.
        etag: ETag of the version.
        last_modified: when the version was delivered.
        sha256: hash of its bytes, empty when they could not be read.
        size: bytes.
        status: ``ingested``; ``rejected`` (nothing of it is in the table); ``superseded`` (its rows gave way to those
            of another content); ``skipped`` (the same bytes were ingested already); ``withdrawn`` (its rows were
            taken out of the table); ``unreadable`` (S3 refuses it; every run tries again); ``acknowledged``
            (rejected or unreadable, and somebody took note).
        rows_read: rows in the file, ``rows_ingested + rows_rejected``; of a skipped version those of the ingested
            one, of a withdrawn one those of the content that left the table.
        rows_ingested: rows in the table.
        rows_rejected: rows in the rejects table.
        message: why it has this status; for ``ingested`` what is odd about its columns, mostly empty.
        job_run_id: the Glue job run that did it.
        table_uuid: the Iceberg table that the rows are in; a table that is made anew has another.
        commit_id: the commit of the table that did it, None where there was none.
        snapshot_id: the table's snapshot that holds this commit, None where there was none.
        sequence_number: the table's Iceberg sequence number that it holds for; orders the entries of one object. The
            entries of the commit itself come first, then those without one.
        recorded_at: when; orders the rest.
    """

    key: str
    version_id: str | None
    etag: str
    last_modified: datetime
    sha256: str
    size: int
    status: str
    rows_read: int
    rows_ingested: int
    rows_rejected: int
    message: str
    job_run_id: str
    table_uuid: str = ""
    commit_id: str | None = None
    snapshot_id: int | None = None
    sequence_number: int = 0
    recorded_at: datetime = _EPOCH

    def __str__(self) -> str:
        """Return the entry as a line for people."""
        counts = f"{self.rows_read:,} read = {self.rows_ingested:,} ingested + {self.rows_rejected:,} rejected"
        return f"{self.key}: {self.status}, {counts}{f' ({self.message})' if self.message else ''}"

    @property
    def order(self) -> tuple[int, bool, datetime]:
        """What orders the entries of an object; the greatest is its state.

        ``data_hub.ledgers.covered_versions`` and ``data_hub.ledgers.entry_table`` have the same order.
        """
        # What was decided on a state of the table comes after the commit that made it, whoever writes first.
        return (self.sequence_number, self.commit_id is None, self.recorded_at)

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with.

        Of ingested objects the content counts; a rejected one that is delivered again is read again, also with the
        same content, for the contract may have changed; a withdrawn one, because somebody wants it back. An unreadable
        one may be readable by now.
        """
        if self.status == UNREADABLE:
            return False
        if self.status in OF_ONE_DELIVERY and self.last_modified != item.last_modified:
            return False
        return self.etag == item.etag

    def is_recorded_as(self, latest: "LedgerEntry | None") -> bool:
        """Tell whether the ledger's latest entry of the object says the same, or that somebody took note of it."""
        same = {self.status, ACKNOWLEDGED} if self.status in AWAITING_CORRECTION else {self.status}
        if latest is None or latest.status not in same:
            return False
        return (latest.etag, latest.last_modified, latest.commit_id) == (self.etag, self.last_modified, self.commit_id)

    def of_commit(self, commit_id: str | None, sequence_number: int, snapshot_id: int | None = None) -> "LedgerEntry":
        """Return the entry as it holds after a commit of the table, or, without one, for the table as it was read."""
        return replace(self, commit_id=commit_id, sequence_number=sequence_number, snapshot_id=snapshot_id)

    def superseded_by(self, other: "LedgerEntry") -> "LedgerEntry":
        """Return the entry that says that the commit of another content took the rows of this one out of the table."""
        return replace(
            self,
            status=SUPERSEDED,
            message=f"by the content with SHA-256 {other.sha256}",
            job_run_id=other.job_run_id,
            table_uuid=other.table_uuid,
            commit_id=other.commit_id,
            snapshot_id=other.snapshot_id,
            sequence_number=other.sequence_number,
            recorded_at=other.recorded_at - _MICROSECOND,
        )

    def to_summary(self) -> dict[str, Any]:
        """Return the part that the table's commit carries in its snapshot, as plain JSON values."""
        values = {name: getattr(self, name) for name in _SUMMARY_NAMES}
        values["last_modified"] = (self.last_modified - _EPOCH) // _MICROSECOND
        return {
            short: values[name]
            for name, short in _SUMMARY_NAMES.items()
            if name not in _UNSAID or values[name] != _UNSAID[name]
        }

    @classmethod
    def from_summary(cls, summary: Mapping[str, Any]) -> "LedgerEntry":
        """Make an entry of what ``to_summary`` gives, or gave before it had short names."""
        if "key" in summary:
            return cls(**{**summary, "last_modified": datetime.fromisoformat(summary["last_modified"])})
        values = _UNSAID | {name: summary[short] for name, short in _SUMMARY_NAMES.items() if short in summary}
        return cls(**{**values, "last_modified": _EPOCH + values["last_modified"] * _MICROSECOND})


def to_arrow(entries: Iterable[LedgerEntry]) -> pa.Table:
    """Return entries as rows of ``SCHEMA``."""
    names = [field.name for field in fields(LedgerEntry)]
    return pa.Table.from_pylist([{name: getattr(entry, name) for name in names} for entry in entries], schema=SCHEMA)
