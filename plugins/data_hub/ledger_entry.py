"""An entry of the ledger: what became of one version of an object."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from data_hub.objects import SourceObject

INGESTED = "ingested"
REJECTED = "rejected"
SKIPPED = "skipped"
ACKNOWLEDGED = "acknowledged"
# What holds for one delivery of a content; the others hold for the content, whenever it is delivered.
OF_ONE_DELIVERY = frozenset({REJECTED, ACKNOWLEDGED})

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
        ("sequence_number", pa.int64()),
        ("recorded_at", _MOMENT),
    ]
)
# What an entry gets only when it is recorded.
_RECORDED = ("table_uuid", "commit_id", "sequence_number", "recorded_at")


@dataclass(frozen=True)
class LedgerEntry:
    """What became of one version of an object.

    Attributes:
        key: the object's key.
        version_id: S3's version id, if the bucket has versions.
        etag: ETag of the version.
        last_modified: when the version was delivered.
        sha256: hash of its bytes.
        size: bytes.
        status: ``ingested``; ``rejected`` (nothing of it is in the table); ``skipped`` (the same bytes were ingested
            already); ``acknowledged`` (rejected, and somebody took note).
        rows_read: rows in the file, ``rows_ingested + rows_rejected``; of a skipped version those of the ingested one.
        rows_ingested: rows in the table.
        rows_rejected: rows in the rejects table.
        message: why it was rejected or skipped, else empty.
        job_run_id: the Glue job run that did it.
        table_uuid: the Iceberg table that the rows are in; a table that is made anew has another.
        commit_id: the commit of the table that ingested it, None where there was none.
        sequence_number: the table's Iceberg sequence number that it holds for; orders the entries of one object. The
            entry of the commit itself comes first, then those without one.
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
    sequence_number: int = 0
    recorded_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        """Return the entry as a line for people."""
        counts = f"{self.rows_read:,} read = {self.rows_ingested:,} ingested + {self.rows_rejected:,} rejected"
        return f"{self.key}: {self.status}, {counts}{f' ({self.message})' if self.message else ''}"

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with.

        Of ingested objects the content counts; a rejected one that is delivered again is read again, also with the
        same content, for the contract may have changed.
        """
        if self.status in OF_ONE_DELIVERY and self.last_modified != item.last_modified:
            return False
        return self.etag == item.etag

    def is_recorded_as(self, latest: "LedgerEntry | None") -> bool:
        """Tell whether the ledger's latest entry of the object says the same, or that somebody took note of it."""
        same = {REJECTED, ACKNOWLEDGED} if self.status == REJECTED else {self.status}
        if latest is None or latest.status not in same:
            return False
        return (latest.etag, latest.last_modified, latest.commit_id) == (self.etag, self.last_modified, self.commit_id)

    def of_commit(self, commit_id: str | None, sequence_number: int) -> "LedgerEntry":
        """Return the entry as it holds after a commit of the table, or, without one, for the table as it was read."""
        return replace(self, commit_id=commit_id, sequence_number=sequence_number)

    def to_summary(self) -> dict[str, Any]:
        """Return the part that the table's commit carries in its snapshot, as plain JSON values."""
        values = {name: value for name, value in asdict(self).items() if name not in _RECORDED}
        return values | {"last_modified": self.last_modified.isoformat()}

    @classmethod
    def from_summary(cls, values: dict[str, Any]) -> "LedgerEntry":
        """Make an entry of what ``to_summary`` gave."""
        return cls(**values | {"last_modified": datetime.fromisoformat(values["last_modified"])})


def to_arrow(entries: Iterable[LedgerEntry]) -> pa.Table:
    """Return entries as rows of ``SCHEMA``."""
    names = [field.name for field in fields(LedgerEntry)]
    return pa.Table.from_pylist([{name: getattr(entry, name) for name in names} for entry in entries], schema=SCHEMA)
