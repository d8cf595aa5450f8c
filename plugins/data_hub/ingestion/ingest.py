"""The ingestion: takes what the ledger lacks, and commits rejects, then rows, then the ledger."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from data_hub import metrics
from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import commit
from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.commit import Commit, CommitConflict
from data_hub.iceberg.tables import Tables
from data_hub.ingestion.arrow_engine import ArrowEngine
from data_hub.ingestion.engine import Batch, Engine
from data_hub.ingestion.evolution import ColumnsMissing
from data_hub.ingestion.limits import UNLIMITED, Limits
from data_hub.ingestion.objects import ObjectStore, SourceBucket, SourceObject
from data_hub.ledgers import arrivals
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import INGESTED, REJECTED, UNREADABLE, LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted

# The status of entries of files that the run has read for the first time.
_READ = frozenset({INGESTED, REJECTED})
ATTEMPTS = 10
ROUNDS = 10


def summarise(entries: Sequence[LedgerEntry]) -> str:
    """Return what a run did, in one line; the rows of skipped files were read by an earlier run."""
    if not entries:
        return "Nothing new to ingest"
    read = [entry for entry in entries if entry.status in _READ]
    others = Counter(entry.status for entry in entries if entry.status not in _READ)
    told = "".join(f", {number:,} more {status}" for status, number in sorted(others.items()))
    return (
        f"{counted(len(read), 'file')}: {counted(sum(entry.rows_read for entry in read), 'row')} read = "
        f"{sum(entry.rows_ingested for entry in read):,} ingested + "
        f"{sum(entry.rows_rejected for entry in read):,} rejected{told}"
    )


def _count_for_nobody(_counts: Mapping[str, int]) -> None:
    pass


class Ingestion:
    """One run of the ingestion: every object whose current version the ledger lacks.

    Args:
        pipeline: source and contract.
        store: where the objects are.
        tables: the tables that are written.
        engine: reads the objects.
        tell: takes a line about each object as soon as it is committed.
        count: takes what a commit adds, by metric.
        limits: how much the run takes on.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: ObjectStore,
        tables: Tables,
        engine: Engine,
        tell: Callable[[str], None],
        count: Callable[[Mapping[str, int]], None] = _count_for_nobody,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._table = pipeline.table
        self._store = store
        self._tables = tables
        self._engine = engine
        self._tell = tell
        self._count = count
        self._limits = limits
        self._ledger = Ledger(tables.ledger, tables.rows)
        self._keys: frozenset[str] | None = None
        self._done: list[LedgerEntry] = []
        self._remaining = 0

    @classmethod
    def open(
        cls,
        pipeline: Pipeline,
        deployment: Deployment,
        job_run_id: str,
        tell: Callable[[str], None],
        count: Callable[[Mapping[str, int]], None] = _count_for_nobody,
        limits: Limits = UNLIMITED,
        engine: Literal["arrow", "spark"] = "arrow",
    ) -> "Ingestion":
        """Prepare a run on S3 and the Glue Data Catalog.

        Args:
            pipeline: source and contract.
            deployment: buckets and database.
            job_run_id: recorded in the ledger.
            tell: as for the class.
            count: as for the class.
            limits: as for the class.
            engine: ``spark`` only in a Glue job.

        Raises:
            DataHubError: the database is missing, or the table does not fit the contract.
            TryAgainError: another writer was in the way.
        """
        store = SourceBucket(pipeline.source, deployment.source_bucket)
        tables = Tables.ensure(open_catalog(), deployment, pipeline.table)
        if engine == "spark":
            # Only a Glue job of the Spark kind has pyspark.
            from data_hub.ingestion import spark_engine

            chosen: Engine = spark_engine.of_glue(pipeline, deployment, tables, job_run_id)
        else:
            chosen = ArrowEngine(pipeline, store, tables, job_run_id, limits)
        return cls(pipeline, store, tables, chosen, tell, count, limits)

    @property
    def tables(self) -> Tables:
        """The tables that are written."""
        return self._tables

    @property
    def remaining(self) -> int:
        """How many new objects the run left for another one, because its limits were reached."""
        return self._remaining

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
            DataHubError: the bucket is missing, or one of ``keys`` is no object of the source; nothing was done then.
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
            left = 0
            for batch in _batches(new, self._limits.max_bytes):
                # A look at the ledger for each batch of a million objects would take the rest of the time.
                left += len(batch) if self._limits.is_over() else self._ingest_batch(batch)
            self._remaining = left
            if not new or left:
                break
        return self._done

    def _new_objects(self) -> list[SourceObject]:
        self._ledger.refresh()
        new = arrivals.missing_from(self._ledger, self._wanted_objects())
        unreadable = {entry.key for entry in self._done if entry.status == UNREADABLE}
        return [item for item in new if item.key not in unreadable]

    def _wanted_objects(self) -> Iterable[SourceObject]:
        listed = self._store.list_objects()
        return listed if self._keys is None else (item for item in listed if item.key in self._keys)

    def _repair_ledger(self) -> None:
        entries = self._ledger.unrecorded()
        # What an earlier run could not record it did not count either.
        self._record(entries)
        for entry in entries:
            self._tell(f"{entry.key}: {entry.status} by run {entry.job_run_id}, which ended before it wrote the ledger")

    def _ingest_batch(self, batch: Sequence[SourceObject]) -> int:
        """Ingest objects; return how many are left because the limits are reached."""
        conflicts = 0
        while missing := self._still_missing(batch):
            if self._limits.is_over():
                return len(missing)
            # The sequence number that decisions without a commit of the table hold for.
            read_at = self._tables.rows.last_sequence_number
            try:
                read = self._engine.read(missing, self._ledger.latest)
            except ColumnsMissing as found:
                # The table as it is then is read again: what was planned on it before is void.
                self._tables.add_text_columns(found.names)
                continue
            try:
                self._commit(read, read_at)
            except CommitConflict:
                read.discard()
                conflicts += 1
                if conflicts == ATTEMPTS:
                    raise TryAgainError(
                        f"Other writers of '{self._table.name}' were in the way {ATTEMPTS} times; start the job again "
                        "when they ended"
                    ) from None
                continue
            batch = missing[read.taken :]
        return 0

    def _still_missing(self, batch: Sequence[SourceObject]) -> list[SourceObject]:
        # The table is loaded before any object is read: a correction committed by another job from here on is a
        # conflict, so that an older content never replaces it.
        if not batch:
            return []
        self._ledger.refresh()
        self._tables.rejects.refresh()
        return arrivals.missing_from(self._ledger, batch)

    def _commit(self, read: Batch, read_at: int) -> None:
        read.commit_rejects()
        ingested = [entry for entry in read.entries if entry.status == INGESTED]
        others = [self._with_what_stays(entry) for entry in read.entries if entry.status != INGESTED]
        entries = [entry.of_commit(None, read_at) for entry in others]
        if ingested:
            done = Commit.new([entry.to_summary() for entry in ingested])
            snapshot = read.commit_rows(done)
            number = snapshot.sequence_number or 0
            entries += [entry.of_commit(done.id, number, snapshot.snapshot_id) for entry in ingested]
        self._record(entries)
        for entry in sorted(entries, key=lambda entry: entry.key):
            self._done.append(entry)
            self._tell(str(entry))

    def _with_what_stays(self, entry: LedgerEntry) -> LedgerEntry:
        """Tell of a correction that is rejected that the table still has the rows of the content before."""
        stays = self._ledger.content(entry.key) if entry.status == REJECTED else None
        if stays is None or not stays.rows_ingested:
            return entry
        told = f"the {counted(stays.rows_ingested, 'row')} of the content before stay in the table and in the views"
        return replace(entry, message=f"{entry.message}; {told}")

    def _record(self, entries: Sequence[LedgerEntry]) -> None:
        self._ledger.record(entries)
        read = [entry for entry in entries if entry.status in _READ]
        if read:
            self._count(
                {
                    metrics.FILES_INGESTED: sum(entry.status == INGESTED for entry in read),
                    metrics.FILES_REJECTED: sum(entry.status == REJECTED for entry in read),
                    metrics.ROWS_IN: sum(entry.rows_read for entry in read),
                    metrics.ROWS_REJECTED: sum(entry.rows_rejected for entry in read),
                }
            )


def _batches(items: Sequence[SourceObject], max_bytes: int) -> Iterator[list[SourceObject]]:
    """Cut objects into batches of one commit each."""
    batch: list[SourceObject] = []
    size = 0
    for item in items:
        if batch and (len(batch) == commit.MAX_KEYS or size + item.size > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.size
    if batch:
        yield batch
