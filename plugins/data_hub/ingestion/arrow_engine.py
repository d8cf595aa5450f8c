"""The engine that runs in one process: pyarrow reads, pyiceberg commits."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import reduce

import pyarrow as pa
from pyiceberg.expressions import And, BooleanExpression, EqualTo, In, Or
from pyiceberg.table.snapshots import Snapshot

from data_hub import lineage
from data_hub.csv_files.reader import Reader
from data_hub.iceberg import commit
from data_hub.iceberg.commit import Commit
from data_hub.iceberg.tables import Tables
from data_hub.ingestion.batch_rows import BatchRows, ObjectRows
from data_hub.ingestion.evolution import ColumnsMissing, require_columns
from data_hub.ingestion.fetch import Opener, fetched
from data_hub.ingestion.limits import Limits
from data_hub.ingestion.objects import ObjectChanged, ObjectStore, ObjectUnreadable, SourceObject
from data_hub.ingestion.source_file import SourceFile
from data_hub.ledgers.ledger_entry import INGESTED, SKIPPED, LedgerEntry
from data_hub.pipelines.pipeline import Pipeline


def use_system_memory() -> None:
    """Let pyarrow take its memory from the C library, for the whole process.

    pyarrow's own allocator gives memory back between blocks and asks for it again: 8 % of the CPU time of a large file.
    """
    pa.set_memory_pool(pa.system_memory_pool())


class ArrowBatch:
    """Objects that were read; see ``data_hub.ingestion.engine.Batch``."""

    def __init__(self, tables: Tables) -> None:
        self.entries: list[LedgerEntry] = []
        self.taken = 0
        self.rows = BatchRows(tables.rows)
        self.rejects = BatchRows(tables.rejects)
        self._tables = tables

    def commit_rejects(self) -> None:
        """Put rejects into their table."""
        contents = [(entry.key, entry.sha256) for entry in self.entries if _has_rejects(entry)]
        if contents:
            files = self.rejects.data_files()
            commit.replace(self._tables.rejects, of_contents(contents), files, Commit.new())
            # They belong to the table now: a conflict of the rows' commit must not take them away.
            self.rejects = BatchRows(self._tables.rejects)

    def commit_rows(self, done: Commit) -> Snapshot:
        """Replace the rows of the keys that are ``ingested``, in one atomic commit."""
        keys = {entry.key for entry in self.entries if entry.status == INGESTED}
        replaced = In(term=lineage.SOURCE_FILE, literals=keys)
        return commit.replace(self._tables.rows, replaced, self.rows.data_files(), done)

    def discard(self) -> None:
        """Remove what was written."""
        self.rows.discard()
        self.rejects.discard()


class ArrowEngine:
    """Reads objects one after the other, and their bytes ahead.

    Args:
        pipeline: source and contract.
        store: where the objects are.
        tables: where rows and rejects go.
        job_run_id: recorded in the ledger.
        limits: says when no further object may be begun.
    """

    def __init__(self, pipeline: Pipeline, store: ObjectStore, tables: Tables, job_run_id: str, limits: Limits) -> None:
        self._table = pipeline.table
        self._reader = Reader(pipeline.table, pipeline.source.csv, tables.typed_columns)
        self._store = store
        self._tables = tables
        self._job_run_id = job_run_id
        self._limits = limits

    def read(self, items: Sequence[SourceObject], known: Callable[[str], LedgerEntry | None]) -> ArrowBatch:
        """Read objects; see ``data_hub.ingestion.engine.Engine``."""
        batch = ArrowBatch(self._tables)
        try:
            with closing(fetched(self._store, items)) as objects:
                for item, open_it in objects:
                    if self._limits.is_over() or not self._take(item, open_it, known(item.key), batch):
                        break
        except BaseException:
            batch.discard()
            raise
        return batch

    def _take(self, item: SourceObject, open_it: Opener, known: LedgerEntry | None, batch: ArrowBatch) -> bool:
        """Read an object into the batch; say whether the batch may take another one."""
        file = SourceFile(item, open_it, self._reader, self._table.max_reject_ratio, self._job_run_id)
        try:
            self._read(file, known, batch)
        except ColumnsMissing:
            if not batch.taken:
                raise
            # What was read before is committed first, instead of being read anew for each file with columns.
            return False
        batch.taken += 1
        return True

    def _read(self, file: SourceFile, known: LedgerEntry | None, batch: ArrowBatch) -> None:
        rows = ObjectRows(self._tables.rows)

        def take(part: pa.Table) -> None:
            require_columns(self._tables.rows, part.column_names)
            rows.add(part)

        try:
            entry = file.unless_new(known) or file.read(take, batch.rejects.add)
        except ObjectChanged:
            rows.discard()  # the next listing shows what it is now
            return
        except ObjectUnreadable as error:
            rows.discard()
            batch.entries.append(file.unreadable(error))
            return
        except BaseException:
            rows.discard()
            raise
        if entry.status == INGESTED:
            batch.rows.take(rows)
        else:
            rows.discard()
        batch.entries.append(entry)


def of_contents(contents: Iterable[tuple[str, str]]) -> BooleanExpression:
    """Return what rejects of these keys and hashes match."""
    each: list[BooleanExpression] = [
        And(EqualTo(term=lineage.SOURCE_FILE, value=key), EqualTo(term="content_sha256", value=sha256))
        for key, sha256 in contents
    ]
    return reduce(Or, each)


def _has_rejects(entry: LedgerEntry) -> bool:
    return entry.rows_rejected > 0 and entry.status != SKIPPED
