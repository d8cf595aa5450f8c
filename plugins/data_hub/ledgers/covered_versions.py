"""Which versions of objects the entries of a ledger cover, in some 200 bytes of memory for each object.

The same answer as ``LedgerEntry.covers`` gives, without the entries: of 100,000 of them that would be over 100 MB.
"""

import hashlib
import struct
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.ledger_entry import OF_ONE_DELIVERY, UNREADABLE

COLUMNS = ("key", "etag", "last_modified", "status", "commit_id", "sequence_number", "recorded_at")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST_BYTES = 16
# As Python's objects rows take many times the memory; a data file that was compacted is one batch.
_ROWS_AT_ONCE = 1000
# What orders the entries of an object, the first decides: sequence number, whether the entry belongs to no commit,
# when it was recorded. As bytes they compare as their values do. LedgerEntry.order is the same.
_ORDER = struct.Struct(">Q?Q")


class CoveredVersions:
    """The versions that the latest entries of a ledger cover."""

    def __init__(self) -> None:
        # Digest of the key to what orders the latest entry, followed by the digest of the version that it covers.
        self._latest: dict[bytes, bytes] = {}

    def add(self, rows: pa.Table) -> None:
        """Take entries into account, in any order and as often as one likes.

        Args:
            rows: entries with ``COLUMNS``. Of two that nothing orders the one that is added later counts.
        """
        for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
            for row in rows.slice(start, _ROWS_AT_ONCE).to_pylist():
                self._add(**row)

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with."""
        latest = self._latest.get(_digest(b"object", item.key))
        if latest is None:
            return False
        return latest[_ORDER.size :] in {_of_content(item.key, item.etag), version_digest(item)}

    def _add(
        self,
        *,
        key: str,
        etag: str,
        last_modified: datetime,
        status: str,
        commit_id: str | None,
        sequence_number: int,
        recorded_at: datetime,
    ) -> None:
        order = _ORDER.pack(sequence_number, commit_id is None, _microseconds(recorded_at))
        version = b"" if status == UNREADABLE else _version(status, key, etag, last_modified)
        name = _digest(b"object", key)
        if order >= self._latest.get(name, b"")[: _ORDER.size]:
            self._latest[name] = order + version


def _version(status: str, key: str, etag: str, last_modified: datetime) -> bytes:
    return _of_delivery(key, etag, last_modified) if status in OF_ONE_DELIVERY else _of_content(key, etag)


def version_digest(item: SourceObject) -> bytes:
    """Return 16 bytes that stand for this version of the object, delivered when it was."""
    return _of_delivery(item.key, item.etag, item.last_modified)


def _of_content(key: str, etag: str) -> bytes:
    return _digest(b"content", key, etag)


def _of_delivery(key: str, etag: str, last_modified: datetime) -> bytes:
    return _digest(b"delivery", key, etag, _microseconds(last_modified))


def _digest(kind: bytes, *parts: object) -> bytes:
    text = "".join(f"{len(str(part))} {part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES, person=kind).digest()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
