"""The texts of views, run by the engines that there are here: Spark itself, and DuckDB in Athena's place."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
from duckdb_athena import DuckdbAthena
from hadoop_catalog import HadoopCatalog
from pyiceberg.table import Table
from spark_lake import CATALOG, SparkWarehouse

from data_hub.iceberg.tables import with_ids
from data_hub.sql_views import view_check
from data_hub.sql_views.base_table import BaseTable, base_table
from data_hub.sql_views.dialects import ATHENA, SPARK
from data_hub.sql_views.view_definition import ViewDefinition

GLUE_TYPES = {"VARCHAR": "string"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """What an engine makes of a view: column to Glue type, and the rows."""

    types: dict[str, str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class ViewedTable:
    """An Iceberg table that Spark sees, and its description for the definitions of views."""

    spark: SparkWarehouse
    table: Table
    base: BaseTable

    @classmethod
    @contextmanager
    def write(cls, spark: SparkWarehouse, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> "Iterator[ViewedTable]":
        """Write a table for a test; Spark's names without catalogue mean its catalogue meanwhile."""
        database, name = f"t{uuid.uuid4().hex[:12]}", "collections_data_staging"
        location = f"{spark.folder.as_uri()}/{database}.db/{name}"
        table = HadoopCatalog(spark.folder).create_table_if_not_exists((database, name), schema, location=location)
        half = len(rows) // 2
        for part in (rows[half:], rows[:half]):
            table.append(pa.Table.from_pylist(list(part), schema=schema))
        base = base_table(f"{database}.db", name, f"arn:aws:glue:::table/{database}", with_ids(schema))
        spark.session.catalog.setCurrentCatalog(CATALOG)
        try:
            yield cls(spark, table, base)
        finally:
            spark.session.catalog.setCurrentCatalog("spark_catalog")

    def on_spark(self, view: ViewDefinition) -> Answer:
        """Run the view's text for Spark."""
        from pyspark.sql import functions

        answer = self.spark.session.sql(SPARK.text(view.query))
        types = {field.name: field.dataType.simpleString() for field in answer.schema.fields}
        # As numbers: Python would show days and moments in the machine's time zone, and not all of them.
        numbers = {"timestamp": functions.unix_micros, "date": functions.unix_date}
        values = answer.select(*(numbers.get(kind, functions.col)(f"`{name}`") for name, kind in types.items()))
        return Answer(types, [tuple(row) for row in values.collect()])

    def on_duckdb(self, views: Iterable[ViewDefinition]) -> "Iterator[tuple[ViewDefinition, Answer, str]]":
        """Run each view's text for Athena; yield what it shows, and what the check of published views says of it."""
        with DuckdbAthena.of(self.base.database, {self.base.name: self.table.scan().to_arrow()}) as athena:
            for view in views:
                answer = athena.add_view(view.name, view.texts[ATHENA])
                yield view, _of_duckdb(answer), view_check.check(_Workgroup(athena), view).verdict  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Workgroup:
    athena: DuckdbAthena

    @property
    def database(self) -> str:
        return self.athena.database

    def first_row(self, sql: str) -> Sequence[str | None]:
        [row] = self.athena.query(sql).fetchall()
        return [str(value) for value in row]


def in_numbers(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return rows with days and moments as numbers since 1970, in an order that both engines' rows can be put in."""
    return sorted((tuple(map(_number, row)) for row in rows), key=repr)


def _number(value: Any) -> Any:
    if isinstance(value, datetime):
        since = value.replace(tzinfo=UTC) - EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return (value - EPOCH.date()).days if isinstance(value, date) else value


def _of_duckdb(answer: duckdb.DuckDBPyRelation) -> Answer:
    kinds = (GLUE_TYPES.get(str(kind), str(kind).lower()) for kind in answer.types)
    return Answer(dict(zip(answer.columns, kinds, strict=True)), answer.fetchall())
