"""The one definition from which both texts and the columns of a view come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, DIALECTS, Dialect
from data_hub.sql_views.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_hub.sql_views.base_table import BaseTable

# https://docs.aws.amazon.com/lake-formation/latest/dg/views-notes.html
MAX_TABLES = 10
# AWS names no limit. Engines make code for every column; the widest report (FR Y-9C) has 2,200 items.
MAX_COLUMNS = 2_500
# Bytes: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html
MAX_DESCRIPTION = 2_048


@dataclass(frozen=True)
class ViewDefinition:
    """A view of the Glue Data Catalog.

    Attributes:
        name: the view's name, lower case.
        description: one sentence for people who browse the catalogue.
        query: what the view selects; each output column has a lower-case name.
        tables: the tables that it selects from, the main one first.
        keys: output columns that say what a row stands for; empty when nobody knows.
        expected: how many rows of which keys the view must have, computed from the tables on another way: a query with
            the columns ``keys`` and ``n``. None: as many rows as ``query`` has.
        note: what the view leaves out.
    """

    name: str
    description: str
    query: exp.Query
    tables: tuple[BaseTable, ...]
    keys: tuple[str, ...] = ()
    expected: exp.Query | None = None
    note: str = ""

    @cached_property
    def columns(self) -> dict[str, str]:
        """Name and Glue type of each output column, derived from the query and the tables' columns.

        Raises:
            DataHubError: the query does not fit the tables, or has a column of a type that a view cannot hold.
        """
        schema: dict[str, object] = {}
        for table in self.tables:
            tables: dict[str, Mapping[str, exp.DataType]] = schema.setdefault(table.database, {})  # type: ignore[assignment]
            tables[table.name] = dict(table.columns)
        try:
            qualified = qualify(self.query.copy(), schema=schema, dialect=ATHENA.sqlglot_name)
            typed = annotate_types(qualified, schema=schema, dialect=ATHENA.sqlglot_name)
        except SqlglotError as error:
            names = ", ".join(table.name for table in self.tables)
            raise DataHubError(f"View {self.name} does not fit table {names}: {error}") from error
        return {column.alias_or_name: self._glue_type(column) for column in typed.selects}

    @cached_property
    def texts(self) -> Mapping[Dialect, str]:
        """The query in each dialect.

        Raises:
            DataHubError: the query uses something that a dialect lacks.
        """
        return {dialect: dialect.text(self.query) for dialect in DIALECTS}

    def limits(self) -> list[Limit]:
        """Return all that is limited."""
        of_texts = [limit for dialect, text in self.texts.items() for limit in dialect.limits(text)]
        return [
            *of_texts,
            Limit(len(self.columns), MAX_COLUMNS, "columns"),
            Limit(len(self.tables), MAX_TABLES, "tables"),
            Limit(len(self.description.encode()), MAX_DESCRIPTION, "bytes of description"),
        ]

    def problems(self) -> list[str]:
        """Return one line for each limit that the view is over."""
        return [str(limit) for limit in self.limits() if limit.is_exceeded]

    def _glue_type(self, column: exp.Expr) -> str:
        column_type = column.type
        if column_type is None or column_type.this in (exp.DType.UNKNOWN, exp.DType.TIMESTAMPTZ):
            # Athena cannot keep a time zone in a view: https://github.com/aws/aws-sdk-pandas/issues/86
            raise DataHubError(
                f"View {self.name}: column {column.alias_or_name} has type {column_type}, which a view "
                "cannot hold; cast it, a point in time to timestamp(6)"
            )
        return _glue_type_name(column_type)


@cache  # a report has two thousand columns of three types
def _glue_type_name(column_type: exp.DataType) -> str:
    return column_type.sql(dialect="hive").lower().replace(", ", ",")


def view_column(base: BaseTable, name: str) -> exp.Expr:
    """Return a column of the table as a view shows it: a point in time as a UTC timestamp without zone."""
    column = exp.column(name, quoted=True)
    if base.columns[name].is_type(exp.DType.TIMESTAMPTZ):
        return exp.alias_(exp.cast(column, "timestamp(6)"), name, quoted=True)
    return column


def view_columns(base: BaseTable, *names: str) -> list[exp.Expr]:
    """Return columns of the table as a view shows them."""
    return [view_column(base, name) for name in names]
