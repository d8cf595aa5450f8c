"""The ingestion: takes what the ledger lacks, and commits rejects, then rows, then the ledger."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
from pyiceberg.expressions import And, BooleanExpression, In, Or

from data_hub import arrivals, commit, lineage, metrics, source_file
from data_hub.catalog import open_catalog
from data_hub.commit import Commit, CommitConflict
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError, TryAgainError
from data_hub.ledger import Ledger
from data_hub.ledger_entry import INGESTED, REJECTED, SKIPPED, LedgerEntry
from data_hub.objects import ObjectChanged, ObjectUnreadable, SourceBucket, SourceObject
from data_hub.pipeline import Pipeline
from data_hub.source_file import SourceFile
from data_hub.tables import Tables
from data_hub.wording import counted

# How much Arrow memory the rows and rejects of one batch take, unless a single file is larger.
COMMIT_BYTES = 512 << 20
ATTEMPTS = 10
ROUNDS = 10


def summarise(entries: Sequence[LedgerEntry]) -> str:
    """Return what a run did, in one line; the rows of skipped files were read by an earlier one."""
    if not entries:
        return "Nothing new to ingest"
    read = [entry for entry in entries if entry.status != SKIPPED]
    skipped = f", {len(entries) - len(read):,} more skipped" if len(read) < len(entries) else ""
    return (
        f"{counted(len(read), 'file')}: {counted(sum(entry.rows_read for entry in read), 'row')} read = "
        f"{sum(entry.rows_ingested for entry in read):,} ingested + "
        f"{sum(entry.rows_rejected for entry in read):,} rejected{skipped}"
    )


def _count_for_nobody(_counts: Mapping[str, int]) -> None:
    pass


class Ingestion:
    """One run of the ingestion: every object whose current version the ledger lacks.

    Args:
        pipeline: source and contract.
        deployment: buckets and database.
        job_run_id: recorded in the ledger.
        tell: takes a line about each object as soon as it is committed.
        count: takes what a commit adds, by metric.

    Raises:
        DataHubError: the database is missing, or the table does not fit the contract.
        TryAgainError: another writer was in the way.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        deployment: Deployment,
        job_run_id: str,
        tell: Callable[[str], None],
        count: Callable[[Mapping[str, int]], None] = _count_for_nobody,
    ) -> None:
        self._table = pipeline.table
        self._job_run_id = job_run_id
        self._bucket = SourceBucket(pipeline.source, deployment.source_bucket)
        self._keys: frozenset[str] | None = None
        self._tables = Tables.ensure(open_catalog(), deployment, pipeline.table)
        self._ledger = Ledger(self._tables.ledger, self._tables.rows)
        self._tell = tell
        self._count = count
        self._done: list[LedgerEntry] = []
        self._unreadable: dict[str, str] = {}

    @property
    def tables(self) -> Tables:
        """The tables that are written."""
        return self._tables

    def count_awaiting_correction(self) -> dict[str, int]:
        """Return how many rejected files were neither delivered again nor acknowledged, by metric."""
        try:
            self._ledger.refresh()
            return {metrics.FILES_AWAITING_CORRECTION: len(self._ledger.rejected_files())}
        except Exception as error:  # noqa: BLE001  (a figure; how the run ended is what counts)
            self._tell(f"How many files await a correction cannot be read: {type(error).__name__}: {error}")
            return {}

    def run(self, keys: Collection[str] | None = None) -> list[LedgerEntry]:
        """Ingest.

        Args:
            keys: leave all other objects for another run; None means every object.

        Returns:
            A ledger entry for each object.

        Raises:
            DataHubError: the bucket is missing, one of ``keys`` is no object of the source (nothing was ingested
                then), or S3 refuses an object (all the others were).
            TryAgainError: other writers were in the way for too long. What was committed until then stays.
        """
        if keys is not None:
            self._restrict_to(keys)
        return self._ingest()

    def _restrict_to(self, keys: Collection[str]) -> None:
        self._keys = frozenset(keys)
        listed = list(self._wanted_objects())
        if unknown := sorted(self._keys - {item.key for item in listed}):
            raise DataHubError(
                f"The source has no such object: {', '.join(unknown)}. Name keys that are in the bucket and fit the "
                "prefix and pattern of the pipeline file; nothing was ingested"
            )
        new = {item.key for item in arrivals.missing_from(self._ledger, listed)}
        for key in sorted(self._keys - new):
            self._tell(f"{key}: dealt with already")

    def _ingest(self) -> list[LedgerEntry]:
        self._repair_ledger()
        # New objects may arrive for ever; those of later rounds have an event of their own.
        for _ in range(ROUNDS):
            new = self._new_objects()
            if not new:
                break
            for batch in _batches(new, commit.MAX_KEYS):
                self._ingest_batch(batch)
        if self._unreadable:
            raise DataHubError(self._describe_unreadable())
        return self._done

    def _new_objects(self) -> list[SourceObject]:
        self._ledger.refresh()
        new = arrivals.missing_from(self._ledger, self._wanted_objects())
        return [item for item in new if item.key not in self._unreadable]

    def _wanted_objects(self) -> Iterable[SourceObject]:
        listed = self._bucket.list_objects()
        return listed if self._keys is None else (item for item in listed if item.key in self._keys)

    def _repair_ledger(self) -> None:
        entries = self._ledger.unrecorded()
        # What an earlier run could not record it did not count either.
        self._record(entries)
        for entry in entries:
            self._tell(f"{entry.key}: ingested by run {entry.job_run_id}, which ended before it wrote the ledger")

    def _ingest_batch(self, batch: Sequence[SourceObject]) -> None:
        conflicts = 0
        while missing := self._still_missing(batch):
            # The sequence number that decisions without a commit of the table hold for.
            read_at = self._tables.rows.last_sequence_number
            files, taken = self._read(missing)
            try:
                self._commit(files, read_at)
            except CommitConflict:
                conflicts += 1
                if conflicts == ATTEMPTS:
                    raise TryAgainError(
                        f"Other writers of '{self._table.name}' were in the way {ATTEMPTS} times; start the job again "
                        "when they ended"
                    ) from None
                continue
            batch = missing[taken:]

    def _still_missing(self, batch: Sequence[SourceObject]) -> list[SourceObject]:
        # The table is loaded before any object is read: a correction committed by another job from here on is a
        # conflict, so that an older content never replaces it.
        self._ledger.refresh()
        self._tables.rejects.refresh()
        return arrivals.missing_from(self._ledger, batch)

    def _read(self, items: Sequence[SourceObject]) -> tuple[list[SourceFile], int]:
        """Read objects until a commit is full; return the files and how many objects were taken."""
        known = self._ledger.entries()
        files: list[SourceFile] = []
        for taken, item in enumerate(items):
            if sum(file.rows.nbytes + file.rejects.nbytes for file in files) > COMMIT_BYTES:
                return files, taken
            try:
                read = source_file.read(self._bucket, item, self._table, self._job_run_id)
            except ObjectChanged:
                continue  # the next listing shows what it is now
            except ObjectUnreadable as error:
                self._unreadable[item.key] = str(error)
                continue
            files.append(_unless_ingested(read, known.get(item.key)))
        return files, len(items)

    def _commit(self, files: Sequence[SourceFile], read_at: int) -> None:
        self._commit_rejects([file for file in files if len(file.rejects)])
        ingested = [file for file in files if file.entry.status == INGESTED]
        entries = [file.entry.of_commit(None, read_at) for file in files if file.entry.status != INGESTED]
        if ingested:
            done = Commit.new([file.entry.to_summary() for file in ingested])
            rows = pa.concat_tables([file.rows for file in ingested])
            keys = {file.entry.key for file in ingested}
            snapshot = commit.replace_rows(self._tables.rows, In(term=lineage.SOURCE_FILE, literals=keys), rows, done)
            entries += [file.entry.of_commit(done.id, snapshot.sequence_number or 0) for file in ingested]
        self._record(entries)
        for entry in sorted(entries, key=lambda entry: entry.key):
            self._done.append(entry)
            self._tell(str(entry))

    def _record(self, entries: Sequence[LedgerEntry]) -> None:
        self._ledger.record(entries)
        read = [entry for entry in entries if entry.status != SKIPPED]
        if read:
            self._count(
                {
                    metrics.FILES_INGESTED: sum(entry.status == INGESTED for entry in read),
                    metrics.FILES_REJECTED: sum(entry.status == REJECTED for entry in read),
                    metrics.ROWS_IN: sum(entry.rows_read for entry in read),
                    metrics.ROWS_REJECTED: sum(entry.rows_rejected for entry in read),
                }
            )

    def _commit_rejects(self, files: Sequence[SourceFile]) -> None:
        if files:
            rows = pa.concat_tables([file.rejects for file in files])
            commit.replace_rows(self._tables.rejects, _of_these_contents(files), rows, Commit.new())

    def _describe_unreadable(self) -> str:
        shown = "; ".join(f"{key}: {reason}" for key, reason in sorted(self._unreadable.items())[:10])
        refused = counted(len(self._unreadable), "object")
        return (
            f"S3 refuses {refused} ({shown}): restore them, or let the job's role read them, and start the job again. "
            f"All others are in order: {summarise(self._done)}"
        )


def _unless_ingested(read: SourceFile, known: LedgerEntry | None) -> SourceFile:
    """Return the file as skipped when the very same bytes were ingested last."""
    if known is None or known.sha256 != read.entry.sha256 or known.status not in {INGESTED, SKIPPED}:
        return read
    entry = replace(
        read.entry,
        status=SKIPPED,
        rows_read=known.rows_read,
        rows_ingested=known.rows_ingested,
        rows_rejected=known.rows_rejected,
        message="the same bytes were ingested already",
    )
    return SourceFile(entry, read.rows.slice(0, 0), read.rejects.slice(0, 0))


def _of_these_contents(files: Sequence[SourceFile]) -> BooleanExpression:
    def of_content(file: SourceFile) -> BooleanExpression:
        return And(
            In(term=lineage.SOURCE_FILE, literals={file.entry.key}),
            In(term="content_sha256", literals={file.entry.sha256}),
        )

    first, *others = map(of_content, files)
    return Or(first, *others) if others else first


def _batches(items: Sequence[SourceObject], size: int) -> Iterator[Sequence[SourceObject]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
