"""What was not ingested, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

# The reason of a row that breaks nothing itself.
ALONG_WITH_FILE = "in order itself, rejected with its file"

SCHEMA = pa.schema(
    [
        ("source_file", pa.string()),
        ("content_sha256", pa.string()),
        ("source_line", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("raw_text", pa.string()),
        ("rejected_at", pa.timestamp("us", tz="UTC")),
    ]
)


class FileRejected(Exception):
    """A file that cannot be read as the contract asks; the text is the reason."""


@dataclass(frozen=True)
class Reject:
    """A row that is not ingested.

    Attributes:
        line: physical line of the file, the header's being 1.
        column: the contract's column at fault, None when the row as a whole is.
        reason: what is wrong with it.
        raw_text: the line as it stands in the file.
    """

    line: int
    column: str | None
    reason: str
    raw_text: str


def to_arrow(rejects: Iterable[Reject], source_file: str, sha256: str, rejected_at: datetime) -> pa.Table:
    """Return rows of the rejects table."""
    return pa.Table.from_pylist(
        [
            {
                "source_file": source_file,
                "content_sha256": sha256,
                "source_line": reject.line,
                "column_name": reject.column,
                "reason": reject.reason,
                "raw_text": reject.raw_text,
                "rejected_at": rejected_at,
            }
            for reject in rejects
        ],
        schema=SCHEMA,
    )


def along_with_file(rows: Iterable[pa.Table], source_file: str, sha256: str, rejected_at: datetime) -> pa.Table:
    """Return rows of the rejects table for rows that are rejected with their file.

    Args:
        rows: ``source_line`` and ``raw_text``.
        source_file: key of the object.
        sha256: hash of its bytes.
        rejected_at: when.
    """
    found = pa.concat_tables(rows)
    same = {"source_file": source_file, "content_sha256": sha256, "column_name": None, "reason": ALONG_WITH_FILE}
    for name, value in {**same, "rejected_at": rejected_at}.items():
        found = found.append_column(name, pa.repeat(pa.scalar(value, SCHEMA.field(name).type), len(found)))
    return found.select(SCHEMA.names)
