"""The one definition from which both texts and the columns of a view come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA

if TYPE_CHECKING:
    from data_hub.sql_views.base_table import BaseTable


@dataclass(frozen=True)
class ViewDefinition:
    """A view of the Glue Data Catalog.

    Attributes:
        name: the view's name, lower case.
        description: one sentence for people who browse the catalogue.
        query: what the view selects; each output column has a lower-case name.
        base: the table that it selects from.
    """

    name: str
    description: str
    query: exp.Query
    base: BaseTable

    @cached_property
    def columns(self) -> dict[str, str]:
        """Name and Glue type of each output column, derived from the query and the table's columns.

        Raises:
            DataHubError: the query does not fit the table, or has a column of a type that a view cannot hold.
        """
        tables: dict[str, object] = {self.base.database: {self.base.name: dict(self.base.columns)}}
        try:
            qualified = qualify(self.query.copy(), schema=tables, dialect=ATHENA.sqlglot_name)
            typed = annotate_types(qualified, schema=tables, dialect=ATHENA.sqlglot_name)
        except SqlglotError as error:
            raise DataHubError(f"View {self.name} does not fit table {self.base.name}: {error}") from error
        return {column.alias_or_name: self._glue_type(column) for column in typed.selects}

    def _glue_type(self, column: exp.Expr) -> str:
        column_type = column.type
        if column_type is None or column_type.is_type(exp.DType.UNKNOWN, exp.DType.TIMESTAMPTZ):
            # Athena cannot keep a time zone in a view: https://github.com/aws/aws-sdk-pandas/issues/86
            raise DataHubError(
                f"View {self.name}: column {column.alias_or_name} has type {column_type}, which a view "
                "cannot hold; cast it, a point in time to timestamp(6)"
            )
        return column_type.sql(dialect="hive").lower()


def view_column(base: BaseTable, name: str) -> exp.Expr:
    """Return a column of the table as a view shows it: a point in time as a UTC timestamp without zone."""
    column = exp.column(name, quoted=True)
    if base.columns[name].is_type(exp.DType.TIMESTAMPTZ):
        return exp.alias_(exp.cast(column, "timestamp(6)"), name, quoted=True)
    return column


def unified_view(base: BaseTable) -> ViewDefinition:
    """Define the view of every row and every column of a table."""
    return ViewDefinition(
        name=f"{base.name.removesuffix('_staging')}_view",
        description=f"Every row of {base.name} with its lineage.",
        query=exp.select(*(view_column(base, name) for name in base.columns)).from_(base.relation),
        base=base,
    )
