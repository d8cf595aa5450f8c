"""A task of the Spark engine: it reads one object with the very reader of the other engine."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from data_hub.csv_files.reader import Reader
from data_hub.ingestion.objects import ObjectChanged, ObjectStore, ObjectUnreadable, SourceObject
from data_hub.ingestion.source_file import SourceFile
from data_hub.ingestion.spark_rows import Outcome, SparkRows
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.pipeline import Pipeline

# Property of the Spark jobs in which the objects are read for the first time.
FIRST_READING = "data-hub.first-reading"


@dataclass(frozen=True)
class ReadObjects:
    """Reads objects of a batch; Spark sends it to its executors.

    Attributes:
        pipeline: source and contract.
        open_store: opens the place where the objects are, on the executor.
        items: the objects.
        known: what the ledger says of each.
        job_run_id: recorded in the ledger.
        typed_columns: names of the table's columns that are not text.
    """

    pipeline: Pipeline
    open_store: Callable[[], ObjectStore]
    items: Sequence[SourceObject]
    known: Sequence[LedgerEntry | None]
    job_run_id: str
    typed_columns: frozenset[str]

    def read(self, numbers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the objects with these numbers (of the only column); yield batches of ``SparkRows``."""
        rows, store = SparkRows(self.pipeline.table), self.open_store()
        reader = Reader(self.pipeline.table, self.pipeline.source.csv, self.typed_columns)
        for batch in numbers:
            for number in batch.column(0).to_pylist():
                item, ratio = self.items[number], self.pipeline.table.max_reject_ratio
                file = SourceFile(item, partial(store.open, item), reader, ratio, self.job_run_id)
                yield from self._read(file, self.known[number], rows)

    def _read(self, file: SourceFile, known: LedgerEntry | None, rows: SparkRows) -> Iterator[pa.RecordBatch]:
        key = file.item.key
        try:
            if entry := file.unless_new(known):
                outcome = Outcome(key, entry)
            else:
                outcome = yield from _read_new(file, rows)
        except (ObjectChanged, ObjectUnreadable) as error:
            if not _is_first_reading():
                # What is committed must be what the driver was told of.
                raise
            outcome = Outcome(key, file.unreadable(error) if isinstance(error, ObjectUnreadable) else None)
        yield from rows.outcome(outcome)


def _read_new(file: SourceFile, rows: SparkRows) -> Generator[pa.RecordBatch, None, Outcome]:
    others: dict[str, None] = {}
    parts = file.parts()
    while True:
        try:
            kind, part = next(parts)
        except StopIteration as end:
            return Outcome(file.item.key, end.value, others=list(others))
        others.update(dict.fromkeys(rows.other_names(kind, part)))
        yield from rows.batches(kind, part)


def _is_first_reading() -> bool:
    """Tell whether the driver waits for the outcomes; later Spark reads only what it lost with an executor."""
    # Only where Spark runs there is pyspark.
    from pyspark import TaskContext

    task = TaskContext.get()
    return task is None or task.getLocalProperty(FIRST_READING) is not None
