"""The text that a row was read from: a record of the very version of the object that was ingested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import boto3
import pyarrow as pa
from botocore.exceptions import ClientError

from data_hub.csv_files import compression, encoding, lines, multiline, records
from data_hub.csv_files.dialect import Dialect
from data_hub.csv_files.rejects import FileRejected
from data_hub.ingestion.objects import HashingBody
from data_hub.ledgers.ledger_entry import INGESTED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_hub.csv_files.lines import ByteStream
    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.pipelines.pipeline import Csv

_GONE = {"NoSuchKey", "NoSuchVersion", "404"}
_CHANGED = "PreconditionFailed"


@dataclass(frozen=True)
class SourceText:
    """What the object says today.

    Attributes:
        state: ``verified``: read from an object whose SHA-256 is the ledger's; ``gone``: S3 has the version no more;
            ``changed``: another content is under the key now; ``refused``: S3 does not hand it out; ``unknown``: the
            ledger does not say which version it was.
        text: the record that begins on the line; None when it is not ``verified``.
        note: for people.
    """

    state: Literal["verified", "gone", "changed", "refused", "unknown"]
    text: str | None
    note: str


def read(bucket: str, entries: Sequence[LedgerEntry], line: int, csv: Csv) -> SourceText:
    """Read a record of an object.

    Args:
        bucket: where the object arrived.
        entries: ledger entries of the same key and bytes, the newest first: versions to look for.
        line: physical line on which it begins, the first is 1.
        csv: how the text is to be read.

    Raises:
        ClientError: S3 could not answer.
    """
    found = SourceText("unknown", None, "the ledger does not know which version of the object the row came from")
    for entry in entries:
        if entry.status in {INGESTED, SKIPPED}:
            found = _read(bucket, entry, line, csv)
            if found.state == "verified":
                break
    return found


def _read(bucket: str, entry: LedgerEntry, line: int, csv: Csv) -> SourceText:
    version: dict[str, Any] = {"VersionId": entry.version_id} if entry.version_id else {}
    try:
        answer = boto3.client("s3").get_object(Bucket=bucket, Key=entry.key, IfMatch=f'"{entry.etag}"', **version)
    except ClientError as error:
        return _refusal(error)
    body = HashingBody(cast("ByteStream", answer["Body"]))
    text = _record_at(line, entry.key, body, csv)
    if body.sha256() != entry.sha256:
        return SourceText("changed", None, "the object has the ETag that was ingested, and other bytes")
    return SourceText("verified", text, "read from the object just now; its SHA-256 is the one that was ingested")


def _record_at(line: int, name: str, body: ByteStream, csv: Csv) -> str | None:
    """Return the record that begins on a line, cut as the reader cuts it; None when the object has no such line."""
    stream, dialect = encoding.as_utf8(compression.decompressed(name, body), csv.encoding), Dialect(csv)
    blocks = multiline.blocks(stream, lines.BLOCK_BYTES, dialect) if dialect.multiline else lines.blocks(stream)
    try:
        for block in blocks:
            position = block.line_numbers.index(pa.scalar(line, pa.int64())).as_py()
            if position >= 0:
                return str(records.raw_texts(block, pa.array([position], pa.int64()))[0].as_py())
    except FileRejected:
        return None  # other bytes than those that were ingested
    return None


def _refusal(error: ClientError) -> SourceText:
    code = error.response["Error"]["Code"]
    if code in _GONE:
        return SourceText("gone", None, "the object was deleted or expired since; its rows stay in the table")
    if code == _CHANGED:
        return SourceText("changed", None, "another content lies under the key now, and the bucket keeps no versions")
    if code in {"InvalidObjectState", "AccessDenied"} or code.startswith("KMS."):
        return SourceText("refused", None, f"S3 does not hand the object out ({code})")
    raise error
