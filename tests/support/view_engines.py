"""The texts of views, run by the engines that there are here: Spark itself, and DuckDB in Athena's place."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from hadoop_catalog import HadoopCatalog
from pyiceberg.table import Table
from spark_lake import CATALOG, SparkWarehouse
from sqlglot import exp

from data_hub.sql_views import view_check
from data_hub.sql_views.base_table import BaseTable
from data_hub.sql_views.dialects import ATHENA, SPARK
from data_hub.sql_views.view_definition import ViewDefinition

SQL_TYPES = {"string": "text", "int64": "bigint", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamptz"}
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
        columns = {field.name: exp.DataType.build(SQL_TYPES[str(field.type)]) for field in schema}
        spark.session.catalog.setCurrentCatalog(CATALOG)
        try:
            yield cls(spark, table, BaseTable(f"{database}.db", name, f"arn:aws:glue:::table/{database}", columns))
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
        rows = self.table.scan().to_arrow()
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f'CREATE SCHEMA "{self.base.database}"')
            connection.register("rows", rows)
            connection.execute(f"CREATE VIEW {self.base.relation.sql('duckdb')} AS FROM rows")
            for view in views:
                [text] = sqlglot.transpile(ATHENA.text(view.query), read="athena", write="duckdb")
                connection.execute(f'CREATE VIEW "{self.base.database}"."{view.name}" AS {text}')
                answer = connection.sql(f'FROM "{self.base.database}"."{view.name}"')
                yield view, _of_duckdb(answer), self._check(connection, view)

    def _check(self, connection: duckdb.DuckDBPyConnection, view: ViewDefinition) -> str:
        @dataclass
        class Workgroup:
            database: str

            def first_row(self, sql: str) -> Sequence[str | None]:
                [text] = sqlglot.transpile(sql, read="athena", write="duckdb")
                [row] = connection.sql(text).fetchall()
                return [str(value) for value in row]

        return view_check.check(Workgroup(self.base.database), view).problem  # type: ignore[arg-type]


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
