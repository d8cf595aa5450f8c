"""Athena on one machine: its SQL, or Spark's, on Iceberg tables and catalogue views, run by DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.sql_views import catalog_view
from data_hub.sql_views.dialects import ATHENA, SPARK, Dialect
from local_aws.athena_statement import (
    DescribeStatement,
    QueryStatement,
    ShowStatement,
    parse_query,
    parse_statement,
)
from local_aws.iceberg_dataset import open_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableTypeDef
    from pyiceberg.catalog import Catalog

    from data_hub.sql_views.catalog_view import CatalogView


@dataclass(frozen=True)
class TableSummary:
    """What a table holds: column name to type, number of rows, number of snapshots."""

    columns: Mapping[str, str]
    rows: int
    snapshots: int


class Athena:
    """Answers queries on one database of the Glue Data Catalog.

    Each instance sees the database, and each table, as it was when it first looked.

    Args:
        catalog: holds the tables.
        glue: client of the same catalogue, for the views.
        database: the database.
        dialect: whose SQL the statements are, and in whose text the views are read.
    """

    def __init__(self, catalog: Catalog, glue: GlueClient, database: str, dialect: Dialect = ATHENA) -> None:
        self._catalog = catalog
        self._glue = glue
        self._database = database
        self._dialect = dialect
        self._loaded: set[str] = set()

    def query(self, sql: str) -> pa.Table:
        """Answer one statement.

        Args:
            sql: a query, SHOW TABLES, SHOW VIEWS or DESCRIBE; names may be qualified with the database.

        Raises:
            DataHubError: the statement is wrong, does not only read, or names an unknown table.
        """
        match parse_statement(sql, self._database, self._dialect):
            case ShowStatement(only_views):
                return pa.table({"name": pa.array(self._views if only_views else self._relations, pa.string())})
            case DescribeStatement(relation):
                columns = self._columns(relation)
                return pa.table({"column": pa.array(columns, pa.string()), "type": list(columns.values())})
            case QueryStatement() as statement:
                return self._run(statement)

    def columns(self) -> dict[str, dict[str, str]]:
        """Return every table and view by name, with column name to type."""
        return {name: self._columns(name) for name in self._relations}

    def tables(self) -> dict[str, TableSummary]:
        """Return every Iceberg table by name."""
        return {name: self._summarise_table(name) for name in self._relations if name not in self._views}

    def views(self) -> list[CatalogView]:
        """Return every view, by name."""
        return [catalog_view.of(table) for table in self._views.values()]

    def count(self, relation: str) -> int | None:
        """Return the number of rows of a table or view; None when it cannot be read, which its check tells."""
        counting = exp.select("count(*) AS n").from_(exp.table_(relation, quoted=True))
        try:
            return int(self.query(counting.sql(self._dialect.sqlglot_name))["n"][0].as_py())
        except DataHubError:
            return None

    @cached_property
    def _relations(self) -> dict[str, TableTypeDef]:
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
        try:
            found = [table for page in pages for table in page["TableList"]]
        except self._glue.exceptions.EntityNotFoundException as error:
            raise DataHubError(f"Database {self._database} does not exist; deploy the pipeline first") from error
        return {table["Name"].lower(): table for table in sorted(found, key=lambda table: table["Name"])}

    @cached_property
    def _views(self) -> dict[str, TableTypeDef]:
        return {name: table for name, table in self._relations.items() if "ViewDefinition" in table}

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        connection.execute(f"CREATE SCHEMA {_quoted(self._database)}")
        # Athena shows points in time in UTC, whatever the machine's time zone.
        connection.execute("SET TimeZone = 'UTC'")
        # Neither files nor network nor Python variables answer to a name that the database lacks.
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET enable_external_access = false")
        # Athena divides whole numbers to whole numbers, and refuses to divide by zero; Spark does neither.
        connection.execute(f"SET integer_division = {self._dialect is ATHENA}")
        connection.execute("SET lock_configuration = true")
        return connection

    def _run(self, statement: QueryStatement) -> pa.Table:
        for relation in sorted(statement.relations):
            self._load(relation)
        try:
            answer = self._connection.sql(statement.query.sql("duckdb")).to_arrow_table()
        except (duckdb.Error, OSError) as error:
            raise DataHubError(f"The query failed: {error}") from error
        return _without_zones(answer) if self._dialect is SPARK else answer

    def _load(self, relation: str) -> None:
        if relation in self._loaded:
            return
        definition = self._require(relation)
        if relation in self._views:
            self._load_view(relation, definition)
        else:
            self._load_table(relation)
        self._loaded.add(relation)

    def _load_table(self, name: str) -> None:
        self._connection.register(f"{name} rows", open_rows(self._catalog.load_table((self._database, name))))
        self._connection.execute(f"CREATE VIEW {self._qualified(name)} AS FROM {_quoted(f'{name} rows')}")

    def _load_view(self, name: str, definition: TableTypeDef) -> None:
        text = catalog_view.of(definition).text(self._dialect)
        query, relations = _translated(text, self._database, self._dialect)
        for relation in sorted(relations):
            self._load(relation)
        self._connection.execute(f"CREATE VIEW {self._qualified(name)} AS {query}")

    def _qualified(self, name: str) -> str:
        return f"{_quoted(self._database)}.{_quoted(name)}"

    def _require(self, relation: str) -> TableTypeDef:
        if relation not in self._relations:
            known = ", ".join(self._relations) or "nothing yet"
            raise DataHubError(f"Database {self._database} has no table or view {relation}; it has: {known}")
        return self._relations[relation]

    def _columns(self, relation: str) -> dict[str, str]:
        columns = self._require(relation)["StorageDescriptor"]["Columns"]
        return {
            column["Name"]: column["Type"]
            for column in columns
            if column.get("Parameters", {}).get("iceberg.field.current", "true") == "true"
        }

    def _summarise_table(self, name: str) -> TableSummary:
        table = self._catalog.load_table((self._database, name))
        return TableSummary(self._columns(name), table.scan().count(), len(table.snapshots()))


def _without_zones(answer: pa.Table) -> pa.Table:
    """Show points in time as Spark does: in the time zone of the session, here UTC, which is not named."""
    fields = [field.with_type(pa.timestamp("us")) if _has_zone(field.type) else field for field in answer.schema]
    return answer.cast(pa.schema(fields))


def _has_zone(column_type: pa.DataType) -> bool:
    return pa.types.is_timestamp(column_type) and column_type.tz is not None


# A view of 1,900 items takes a second to parse; a prompt asks it again and again.
@lru_cache(maxsize=64)
def _translated(text: str, database: str, dialect: Dialect) -> tuple[str, frozenset[str]]:
    """Return a view's query for DuckDB, and what it reads."""
    statement = parse_query(text, database, dialect)
    return statement.query.sql("duckdb"), statement.relations


def _quoted(identifier: str) -> str:
    return exp.to_identifier(identifier, quoted=True).sql("duckdb")
