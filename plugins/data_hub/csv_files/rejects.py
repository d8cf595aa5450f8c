"""What was not ingested, and why."""

from datetime import datetime

import pyarrow as pa

# The reason of a row that breaks nothing itself.
ALONG_WITH_FILE = "in order itself, rejected with its file"
# The reason of a wide record of which only cells are at fault; each of these is a reject of its own.
BESIDES_ITS_CELLS = "rejected with its file, besides its cells at fault"

# Rejects as the reader finds them, in line order. The column is the contract's (in a wide file the item's name), null
# when the record as a whole is at fault; the text is the record's (in a wide file with a column the cell's).
READ_SCHEMA = pa.schema(
    [
        ("source_line", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("raw_text", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        ("source_file", pa.string()),
        ("content_sha256", pa.string()),
        *READ_SCHEMA,
        ("rejected_at", pa.timestamp("us", tz="UTC")),
    ]
)
NONE = READ_SCHEMA.empty_table()


class FileRejected(Exception):
    """A file that cannot be read as the contract asks; the text is the reason."""


def of_file(rejects: pa.Table, source_file: str, sha256: str, rejected_at: datetime) -> pa.Table:
    """Return rows of the rejects table.

    Args:
        rejects: what the reader found (READ_SCHEMA).
        source_file: key of the object.
        sha256: hash of its bytes.
        rejected_at: when.
    """
    same = {"source_file": source_file, "content_sha256": sha256, "rejected_at": rejected_at}
    columns = [
        pa.repeat(pa.scalar(same[field.name], field.type), len(rejects))
        if field.name in same
        else rejects.column(field.name)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
