"""One object, read to its end: its rows and rejects on their way to the tables, and its ledger entry."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import pyarrow as pa

from data_hub import lineage
from data_hub.csv_files import rejects
from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader
from data_hub.ingestion.objects import ObjectUnreadable, OpenObject, SourceObject
from data_hub.ingestion.reject_spool import RejectSpool
from data_hub.ledgers.ledger_entry import INGESTED, REJECTED, SKIPPED, UNREADABLE, LedgerEntry

ROWS = "rows"
REJECTS = "rejects"


@dataclass(frozen=True)
class SourceFile:
    """How an object is read.

    Attributes:
        item: the version that was listed.
        open: opens that very version, as often as it is read.
        reader: the pipeline's.
        max_reject_ratio: share of rejected records above which nothing is accepted.
        job_run_id: recorded in the ledger.
        now: recorded with every row.
    """

    item: SourceObject
    open: Callable[[], OpenObject]
    reader: Reader
    max_reject_ratio: float
    job_run_id: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def read(self, take_rows: Callable[[pa.Table], None], take_rejects: Callable[[pa.Table], None]) -> LedgerEntry:
        """Read the object.

        Args:
            take_rows: takes the rows; they count only if the entry is ``ingested``.
            take_rejects: takes rows of the rejects table, once the object's hash is known.

        Returns:
            The ledger entry, ``ingested`` or ``rejected``.

        Raises:
            ObjectChanged: the version is not there any more.
            ObjectUnreadable: S3 refuses it.
        """
        parts = self.parts()
        while True:
            try:
                kind, part = next(parts)
            except StopIteration as end:
                return cast("LedgerEntry", end.value)
            (take_rows if kind == ROWS else take_rejects)(part)

    def parts(self) -> Generator[tuple[str, pa.Table], None, LedgerEntry]:
        """Read the object: yields what ``read`` hands over, as ``ROWS`` and ``REJECTS``, and returns its entry."""
        opened = self.open()
        file = CsvFile(self.item.key, opened.body, self.reader, self.max_reject_ratio)
        spool, row_count = RejectSpool(), 0
        for part in file.parts():
            row_count += len(part.rows)
            if len(part.rows):
                yield ROWS, self._with_lineage(part.rows)
            spool.add(part.rejects)
        sha256 = opened.body.sha256()
        if file.rejection:
            row_count, spool = 0, self._all_rejects(file) if file.rejected_by_ratio else RejectSpool()
        for rejected in spool.tables():
            yield REJECTS, rejects.of_file(rejected, self.item.key, sha256, self.now)
        return replace(
            self._entry(
                opened.version_id, sha256, REJECTED if file.rejection else INGESTED, file.rejection or file.remark
            ),
            rows_read=row_count + spool.count,
            rows_ingested=row_count,
            rows_rejected=spool.count,
        )

    def unreadable(self, error: ObjectUnreadable) -> LedgerEntry:
        """Return the entry, ``unreadable``, of an object that S3 refuses."""
        fix = "restore it, or let the job's role read it; every run tries again"
        return self._entry(None, "", UNREADABLE, f"S3 refuses it ({error}): {fix}")

    def unless_new(self, known: LedgerEntry | None) -> LedgerEntry | None:
        """Return the entry, ``skipped``, of an object whose very bytes were ingested last; None when they are others.

        Args:
            known: what the ledger says of the key.

        Raises:
            ObjectChanged: the version is not there any more.
            ObjectUnreadable: S3 refuses it.
        """
        if known is None or known.status not in {INGESTED, SKIPPED} or known.size != self.item.size:
            return None
        opened = self.open()
        if opened.body.sha256() != known.sha256:
            return None
        return replace(
            self._entry(opened.version_id, known.sha256, SKIPPED, "the same bytes were ingested already"),
            rows_read=known.rows_read,
            rows_ingested=known.rows_ingested,
            rows_rejected=known.rows_rejected,
        )

    def _all_rejects(self, file: CsvFile) -> RejectSpool:
        spool = RejectSpool()
        for part in file.rejected_parts(self.open().body):
            spool.add(part)
        return spool

    def _with_lineage(self, rows: pa.Table) -> pa.Table:
        for name, value in (
            (lineage.INGEST_TS, pa.scalar(self.item.ingest_ts, pa.int64())),
            (lineage.SOURCE_FILE, pa.scalar(self.item.key, pa.string())),
            (lineage.INGESTED_AT, pa.scalar(self.now, pa.timestamp("us", tz="UTC"))),
        ):
            rows = rows.append_column(name, pa.repeat(value, len(rows)))
        return rows

    def _entry(self, version_id: str | None, sha256: str, status: str, message: str) -> LedgerEntry:
        return LedgerEntry(
            key=self.item.key,
            version_id=version_id,
            etag=self.item.etag,
            last_modified=self.item.last_modified,
            sha256=sha256,
            size=self.item.size,
            status=status,
            rows_read=0,
            rows_ingested=0,
            rows_rejected=0,
            message=message,
            job_run_id=self.job_run_id,
        )
