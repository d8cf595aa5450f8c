"""Which versions of objects the entries of a ledger cover, in 16 bytes each.

The same answer as ``LedgerEntry.covers`` gives, without the entries: of 100,000 of them that would be over 100 MB.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.ledger_entry import OF_ONE_DELIVERY, latest_of_each
from data_hub.objects import SourceObject

COLUMNS = ("key", "etag", "last_modified", "status", "commit_id", "sequence_number", "recorded_at")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST_BYTES = 16
_DIGEST = pa.binary(_DIGEST_BYTES)
_MOMENT = pa.timestamp("us", tz="UTC")


class CoveredVersions:
    """The versions that the latest entries of a ledger cover.

    Args:
        rows: the ledger's entries in any order, with ``COLUMNS``; they are taken one batch after the other.
    """

    def __init__(self, rows: Iterable[pa.RecordBatch] = ()) -> None:
        compact = [_compact(batch) for batch in rows]
        latest = latest_of_each(pa.Table.from_batches(compact), "object")["version"] if compact else []
        self._versions = {version.as_py() for version in latest}

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with."""
        return _of_content(item.key, item.etag) in self._versions or version_digest(item) in self._versions


def version_digest(item: SourceObject) -> bytes:
    """Return 16 bytes that stand for this version of the object, delivered when it was."""
    return _of_delivery(item.key, item.etag, (item.last_modified - _EPOCH) // timedelta(microseconds=1))


def _compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows as digests and what orders them."""
    keys = batch["key"].to_pylist()
    moments = batch["last_modified"].cast(_MOMENT).cast(pa.int64())
    values: Any = zip(keys, *(column.to_pylist() for column in (batch["etag"], batch["status"], moments)), strict=True)
    versions = [
        _of_delivery(key, etag, moment) if status in OF_ONE_DELIVERY else _of_content(key, etag)
        for key, etag, status, moment in values
    ]
    return pa.RecordBatch.from_pydict(
        {
            "object": pa.array([_digest(b"object", key) for key in keys], _DIGEST),
            "version": pa.array(versions, _DIGEST),
            "sequence_number": batch["sequence_number"],
            "is_decision": pc.is_null(batch["commit_id"]),
            "recorded_at": batch["recorded_at"].cast(_MOMENT),
        }
    )


def _of_content(key: str, etag: str) -> bytes:
    return _digest(b"content", key, etag)


def _of_delivery(key: str, etag: str, microseconds: int) -> bytes:
    return _digest(b"delivery", key, etag, microseconds)


def _digest(kind: bytes, *parts: object) -> bytes:
    text = "".join(f"{len(str(part))} {part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES, person=kind).digest()
