"""The ingestion: takes what the ledger lacks, and commits rejects, then rows, then the ledger."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pyiceberg.expressions import And, In

from data_hub import arrivals, commit, lineage, source_file
from data_hub.catalog import open_catalog
from data_hub.commit import Commit, CommitConflict
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError
from data_hub.ledger import INGESTED, SKIPPED, Ledger, LedgerEntry
from data_hub.objects import ObjectChanged, SourceBucket, SourceObject
from data_hub.pipeline import Pipeline
from data_hub.source_file import SourceFile
from data_hub.tables import Tables

BATCH_BYTES = 256 << 20
ATTEMPTS = 10


def summarise(entries: Sequence[LedgerEntry]) -> str:
    """Return what a run did, in one line."""
    if not entries:
        return "Nothing new to ingest"
    return (
        f"{len(entries):,} files: {sum(entry.rows_read for entry in entries):,} rows read = "
        f"{sum(entry.rows_ingested for entry in entries):,} ingested + "
        f"{sum(entry.rows_rejected for entry in entries):,} rejected"
    )


def ingest(
    pipeline: Pipeline, deployment: Deployment, job_run_id: str, tell: Callable[[str], None]
) -> list[LedgerEntry]:
    """Ingest every object whose current content the ledger lacks.

    Args:
        pipeline: source and contract.
        deployment: buckets and database.
        job_run_id: recorded in the ledger.
        tell: takes a line about each object as soon as it is committed.

    Returns:
        A ledger entry for each object.

    Raises:
        DataHubError: bucket or database is missing, the table does not fit the contract, or other writers were in
            the way for too long. What was committed until then stays; the next run carries on.
    """
    return _Ingestion(pipeline, deployment, job_run_id, tell).run()


class _Ingestion:
    def __init__(
        self, pipeline: Pipeline, deployment: Deployment, job_run_id: str, tell: Callable[[str], None]
    ) -> None:
        self._table = pipeline.table
        self._job_run_id = job_run_id
        self._bucket = SourceBucket(pipeline.source, deployment.source_bucket)
        self._tables = Tables.ensure(open_catalog(), deployment, pipeline.table)
        self._ledger = Ledger(self._tables.ledger, self._tables.rows)
        self._known: dict[str, LedgerEntry] = {}
        self._known_snapshot: int | None = None
        self._tell = tell
        self._done: list[LedgerEntry] = []

    def run(self) -> list[LedgerEntry]:
        self._repair_ledger()
        for _ in range(ATTEMPTS):
            new = arrivals.missing_from(self._ledger, self._bucket)
            if not new:
                return self._done
            for batch in _batches(new):
                self._ingest_batch(batch)
            self._ledger.refresh()
        raise DataHubError(f"Objects kept changing during {ATTEMPTS} listings; the next run takes the rest")

    def _repair_ledger(self) -> None:
        entries = self._ledger.unrecorded()
        self._ledger.record(entries)
        for entry in entries:
            self._tell(f"{entry.key}: ingested by run {entry.job_run_id}, which ended before it wrote the ledger")

    def _ingest_batch(self, batch: Sequence[SourceObject]) -> None:
        for _ in range(ATTEMPTS):
            try:
                self._commit(self._read(self._still_missing(batch)))
            except CommitConflict:
                continue
            return
        raise DataHubError(
            f"Other writers of '{self._table.name}' were in the way {ATTEMPTS} times; "
            "start the job again when they ended"
        )

    def _still_missing(self, batch: Sequence[SourceObject]) -> list[SourceObject]:
        # The table is loaded before any object is read: a correction committed by another job from here on is a
        # conflict, so that an older content never replaces it.
        self._ledger.refresh()
        self._tables.rejects.refresh()
        snapshot = self._tables.rows.current_snapshot()
        snapshot_id = snapshot.snapshot_id if snapshot else None
        if not self._known or snapshot_id != self._known_snapshot:
            self._known, self._known_snapshot = self._ledger.entries(), snapshot_id
        return [item for item in batch if item.key not in self._known or self._known[item.key].etag != item.etag]

    def _read(self, batch: Sequence[SourceObject]) -> list[SourceFile]:
        files = []
        for item in batch:
            try:
                read = source_file.read(self._bucket, item, self._table, self._job_run_id)
            except ObjectChanged:
                continue  # the next listing shows what it is now
            files.append(self._unless_known(read))
        return files

    def _unless_known(self, read: SourceFile) -> SourceFile:
        known = self._known.get(read.entry.key)
        if known is None or known.sha256 != read.entry.sha256 or known.status not in {INGESTED, SKIPPED}:
            return read
        entry = replace(
            read.entry,
            status=SKIPPED,
            rows_read=0,
            rows_ingested=0,
            rows_rejected=0,
            message="the same bytes were ingested already",
        )
        return SourceFile(entry, read.rows.slice(0, 0), read.rejects.slice(0, 0))

    def _commit(self, files: Sequence[SourceFile]) -> None:
        if not files:
            return
        self._commit_rejects([file for file in files if len(file.rejects)])
        ingested = [file for file in files if file.entry.status == INGESTED]
        done = Commit.new([file.entry.to_summary() for file in ingested])
        if ingested:
            rows = pa.concat_tables([file.rows for file in ingested])
            keys = {file.entry.key for file in ingested}
            snapshot = commit.replace_rows(self._tables.rows, In(term=lineage.SOURCE_FILE, literals=keys), rows, done)
            self._known_snapshot = snapshot.snapshot_id
        sequence_number = self._tables.rows.last_sequence_number
        entries = [
            file.entry.recorded(done.id if file.entry.status == INGESTED else None, sequence_number) for file in files
        ]
        self._ledger.record(entries)
        self._known.update({entry.key: entry for entry in entries})
        self._done += entries
        for entry in entries:
            self._tell(str(entry))

    def _commit_rejects(self, files: Sequence[SourceFile]) -> None:
        if not files:
            return
        of_these_contents = And(
            In(term=lineage.SOURCE_FILE, literals={file.entry.key for file in files}),
            In(term="content_sha256", literals={file.entry.sha256 for file in files}),
        )
        rows = pa.concat_tables([file.rejects for file in files])
        commit.replace_rows(self._tables.rejects, of_these_contents, rows, Commit.new())


def _batches(items: Sequence[SourceObject]) -> Iterator[list[SourceObject]]:
    batch: list[SourceObject] = []
    size = 0
    for item in items:
        if batch and (len(batch) == commit.MAX_KEYS or size + item.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.size
    if batch:
        yield batch
