"""One object, read whole: its rows, its rejects and its ledger entry."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from data_hub import csv_file, lineage, rejects, tables
from data_hub.ledger_entry import INGESTED, REJECTED, LedgerEntry
from data_hub.objects import SourceBucket, SourceObject
from data_hub.pipeline import Table


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
        ObjectUnreadable: S3 refuses it.
    """
    opened = bucket.open(item)
    now = datetime.now(UTC)
    file = csv_file.read(item.key, opened.body, table)
    sha256 = opened.body.sha256()
    rows = tables.rows_schema(table).empty_table()
    rejected = rejects.to_arrow(file.rejects, item.key, sha256, now)
    if file.rejection and file.rows:
        again = csv_file.content(item.key, bucket.open(item).body)
        others = csv_file.other_rows(again, file.rejects)
        rejected = pa.concat_tables([rejected, rejects.along_with_file(others, item.key, sha256, now)])
    elif file.rows:
        rows = _with_lineage(pa.concat_tables(file.rows), item, now, rows.schema)
    entry = LedgerEntry(
        key=item.key,
        version_id=opened.version_id,
        etag=item.etag,
        last_modified=item.last_modified,
        sha256=sha256,
        size=item.size,
        status=REJECTED if file.rejection else INGESTED,
        rows_read=len(rows) + len(rejected),
        rows_ingested=len(rows),
        rows_rejected=len(rejected),
        message=file.rejection,
        job_run_id=job_run_id,
    )
    return SourceFile(entry, rows, rejected)


def _with_lineage(rows: pa.Table, item: SourceObject, now: datetime, schema: pa.Schema) -> pa.Table:
    for name, value in (
        (lineage.INGEST_TS, item.ingest_ts),
        (lineage.SOURCE_FILE, item.key),
        (lineage.INGESTED_AT, now),
    ):
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, schema.field(name).type), len(rows)))
    return rows.select(schema.names)
