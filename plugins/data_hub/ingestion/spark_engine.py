"""The engine that reads many large objects at once: a Spark task for each, and one MERGE for their rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from data_hub import lineage
from data_hub.errors import DataHubError
from data_hub.iceberg.commit import Commit
from data_hub.ingestion.evolution import require_columns
from data_hub.ingestion.objects import ObjectStore, SourceBucket, SourceObject
from data_hub.ingestion.source_file import REJECTS, ROWS
from data_hub.ingestion.spark_merge import MergeTarget, text
from data_hub.ingestion.spark_rows import KIND, OTHERS, OUTCOME, PREFIXES, Outcome, SparkRows, quoted
from data_hub.ingestion.spark_task import FIRST_READING, ReadObjects
from data_hub.ledgers.ledger_entry import INGESTED, SKIPPED, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pyiceberg.table.snapshots import Snapshot
    from pyspark.sql import DataFrame, SparkSession

    from data_hub.iceberg.tables import Tables
    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline

# Iceberg's catalog in Spark, as glue_jobs/glue_arguments.json and AWS's documentation name it.
CATALOG = "glue_catalog"


def of_glue(pipeline: Pipeline, deployment: Deployment, tables: Tables, job_run_id: str) -> SparkEngine:
    """Return the engine in a Glue job, whose arguments set up Iceberg's catalog (``glue_jobs/glue_arguments.json``).

    Raises:
        DataHubError: there is no Spark, or it has no such catalog.
    """
    session = _session()
    if session is None or session.conf.get(f"spark.sql.catalog.{CATALOG}", None) is None:
        raise DataHubError(
            f"--engine spark needs a Glue job whose --conf sets up the catalog {CATALOG}: deploy the pipeline again, "
            "or, on one machine, use --engine arrow"
        )
    open_store = partial(SourceBucket, pipeline.source, deployment.source_bucket)
    database = f"{CATALOG}.{quoted(deployment.database)}"
    return SparkEngine(session, database, pipeline, open_store, tables, job_run_id)


def _session() -> SparkSession | None:
    try:
        # Only a Glue job of the Spark kind has pyspark.
        from pyspark.sql import SparkSession
    except ImportError:
        return None
    return SparkSession.builder.getOrCreate()


class SparkBatch:
    """Objects that were read; see ``data_hub.ingestion.engine.Batch``.

    Args:
        frame: batches of ``SparkRows``, kept by Spark.
        outcomes: of all objects.
        rows: where rows go.
        rejects: where rejects go.
        columns: what ``frame`` has of both.
    """

    def __init__(
        self, frame: DataFrame, outcomes: Sequence[Outcome], rows: MergeTarget, rejects: MergeTarget, columns: SparkRows
    ) -> None:
        self.entries: list[LedgerEntry] = [outcome.entry for outcome in outcomes if outcome.entry]
        self.taken = len(outcomes)
        self._frame = frame
        self._rows = rows
        self._rejects = rejects
        self._columns = columns

    def commit_rejects(self) -> None:
        """Put rejects into their table."""
        contents = [
            {lineage.SOURCE_FILE: entry.key, "content_sha256": entry.sha256}
            for entry in self.entries
            if entry.rows_rejected and entry.status != SKIPPED
        ]
        if contents:
            rejects = self._select(REJECTS, [content[lineage.SOURCE_FILE] for content in contents], self._rejects)
            self._rejects.replace(contents, rejects, Commit.new())

    def commit_rows(self, done: Commit) -> Snapshot:
        """Replace the rows of the keys that are ``ingested``, in one atomic commit."""
        keys = [entry.key for entry in self.entries if entry.status == INGESTED]
        rows = self._select(ROWS, keys, self._rows)
        snapshot = self._rows.replace([{lineage.SOURCE_FILE: key} for key in keys], rows, done)
        self.discard()
        return snapshot

    def discard(self) -> None:
        """Let Spark forget what it keeps."""
        self._frame.unpersist()

    def _select(self, kind: str, keys: Collection[str], target: MergeTarget) -> DataFrame:
        """Return rows or rejects of some keys, with all columns of the table."""
        prefix, known = PREFIXES[kind], self._columns.columns(kind)
        wanted = ", ".join(map(text, keys))

        def column(name: str, spark_type: str) -> str:
            if name in known:
                return f"{quoted(prefix + name)} AS {quoted(name)}"
            # What files bring along beyond the contract is text.
            value = f"{OTHERS}[{text(name)}]" if spark_type == "string" else f"CAST(NULL AS {spark_type})"
            return f"{value} AS {quoted(name)}"

        return self._frame.where(
            f"{KIND} = '{kind}' AND {quoted(prefix + lineage.SOURCE_FILE)} IN ({wanted})"
        ).selectExpr(*(column(name, spark_type) for name, spark_type in target.held.dtypes))


class SparkEngine:
    """Reads the objects of a batch at the same time; rows never come to the driver.

    Args:
        session: of Spark, with Iceberg's extensions and a catalog that keeps what it has loaded.
        database: the tables' database in Spark's SQL.
        pipeline: source and contract.
        open_store: opens the place where the objects are; called on the executors.
        tables: where rows and rejects go, in the same catalog.
        job_run_id: recorded in the ledger.
    """

    def __init__(
        self,
        session: SparkSession,
        database: str,
        pipeline: Pipeline,
        open_store: Callable[[], ObjectStore],
        tables: Tables,
        job_run_id: str,
    ) -> None:
        self._session = session
        self._database = database
        self._pipeline = pipeline
        self._open_store = open_store
        self._tables = tables
        self._job_run_id = job_run_id
        self._columns = SparkRows(pipeline.table)
        self._last: SparkBatch | None = None

    def read(self, items: Sequence[SourceObject], known: Callable[[str], LedgerEntry | None]) -> SparkBatch:
        """Read objects; see ``data_hub.ingestion.engine.Engine``."""
        if self._last is not None:
            self._last.discard()
        rows = MergeTarget.hold(self._session, self._name(self._pipeline.table.name), self._tables.rows)
        rejects = MergeTarget.hold(self._session, self._name(self._pipeline.table.rejects_name), self._tables.rejects)
        entries = [known(item.key) for item in items]
        typed = self._tables.typed_columns
        task = ReadObjects(self._pipeline, self._open_store, tuple(items), entries, self._job_run_id, typed)
        numbers = self._session.range(0, len(items), 1, len(items))
        frame = numbers.mapInArrow(task.read, self._columns.ddl).persist()
        try:
            outcomes = self._outcomes(frame, items)
            require_columns(self._tables.rows, {name for outcome in outcomes for name in outcome.others})
        except BaseException:
            frame.unpersist()
            raise
        self._last = SparkBatch(frame, outcomes, rows, rejects, self._columns)
        return self._last

    def _name(self, table: str) -> str:
        return f"{self._database}.{quoted(table)}"

    def _outcomes(self, frame: DataFrame, items: Sequence[SourceObject]) -> list[Outcome]:
        context = self._session.sparkContext
        context.setLocalProperty(FIRST_READING, "true")
        try:
            found = frame.where(f"{KIND} = '{OUTCOME}'").select(OUTCOME).collect()
        finally:
            context.setLocalProperty(FIRST_READING, None)  # type: ignore[arg-type]
        outcomes = {outcome.key: outcome for outcome in (Outcome.from_json(row[0]) for row in found)}
        return [outcomes[item.key] for item in items]
