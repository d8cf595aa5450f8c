"""One object, read whole: its rows, its rejects and its ledger entry."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from data_hub import lineage, lines, reader, rejects, tables
from data_hub.ledger import INGESTED, REJECTED, LedgerEntry
from data_hub.objects import OpenObject, SourceBucket, SourceObject
from data_hub.pipeline import Table
from data_hub.rejects import FileRejected, Reject


@dataclass(frozen=True)
class SourceFile:
    """What one object holds.

    Attributes:
        entry: its ledger entry; ``rows_read = rows_ingested + rows_rejected``.
        rows: what goes to the table, empty for a rejected file.
        rejects: what goes to the rejects table.
    """

    entry: LedgerEntry
    rows: pa.Table
    rejects: pa.Table


def read(bucket: SourceBucket, item: SourceObject, table: Table, job_run_id: str) -> SourceFile:
    """Read the listed version of an object against the contract.

    Raises:
        ObjectChanged: the version is not there any more.
    """
    opened = bucket.open(item)
    now = datetime.now(UTC)
    rows, found, message = tables.rows_schema(table).empty_table(), list[Reject](), ""
    try:
        read_rows = list(_readable(reader.read(opened.content, table)))
    except FileRejected as rejection:
        message = str(rejection)
    else:
        found = [reject for part in read_rows for reject in part.rejects]
        accepted = [part.rows for part in read_rows]
        message = _over_ratio(sum(map(len, accepted)), len(found), table)
        if message:
            found = _all_lines(bucket.open(item), found, message)
        elif accepted:
            rows = _with_lineage(pa.concat_tables(accepted), item, now, rows.schema)
    entry = LedgerEntry(
        key=item.key,
        version_id=opened.version_id,
        etag=item.etag,
        sha256=opened.sha256(),
        size=item.size,
        status=REJECTED if message else INGESTED,
        rows_read=len(rows) + len(found),
        rows_ingested=len(rows),
        rows_rejected=len(found),
        message=message,
        job_run_id=job_run_id,
    )
    return SourceFile(entry, rows, rejects.to_arrow(found, item.key, entry.sha256, now))


def _readable(parts: Iterator[reader.ReadRows]) -> Iterator[reader.ReadRows]:
    try:
        yield from parts
    except (EOFError, zlib.error, OSError) as error:
        raise FileRejected(f"cannot be decompressed: {error}; compress and deliver it again") from error


def _over_ratio(accepted: int, rejected: int, table: Table) -> str:
    if rejected <= table.max_reject_ratio * (accepted + rejected):
        return ""
    share = rejected / (accepted + rejected)
    return (
        f"{rejected:,} of {accepted + rejected:,} rows ({share:.1%}) break the contract, more than max_reject_ratio "
        f"{table.max_reject_ratio:.1%} allows; no row was ingested"
    )


def _all_lines(opened: OpenObject, found: list[Reject], message: str) -> list[Reject]:
    """Return every row of a file as a reject: those at fault with their own reason, the others with the file's."""
    own = {reject.line: reject for reject in found}
    rejected = []
    header_seen = False
    for block in lines.blocks(opened.content):
        for number, line in enumerate(block.lines.to_pylist(), block.first_line):
            if line and header_seen:
                raw_text = line.decode("utf-8", errors="backslashreplace")
                rejected.append(own.get(number) or Reject(number, None, f"file rejected: {message}", raw_text))
            header_seen = header_seen or bool(line)
    return rejected


def _with_lineage(rows: pa.Table, item: SourceObject, now: datetime, schema: pa.Schema) -> pa.Table:
    for name, value in (
        (lineage.INGEST_TS, item.ingest_ts),
        (lineage.SOURCE_FILE, item.key),
        (lineage.INGESTED_AT, now),
    ):
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, schema.field(name).type), len(rows)))
    return rows.select(schema.names)
