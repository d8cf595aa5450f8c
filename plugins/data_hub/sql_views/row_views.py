"""The views that show rows of the table as they are: all of them, and those that are current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub import lineage
from data_hub.pipelines.report_columns import AOD, ITEM, RSSDID, SERIES, SUBMITTED, context_columns
from data_hub.sql_views import precedence
from data_hub.sql_views.view_definition import ViewDefinition, view_columns

if TYPE_CHECKING:
    from data_hub.sql_views.base_table import BaseTable


def base_name(table: str) -> str:
    """Return what the names of a table's views begin with."""
    return table.removesuffix("_staging")


def unified_view(base: BaseTable, note: str = "") -> ViewDefinition:
    """Define the view of every row and every column of a table."""
    return ViewDefinition(
        name=f"{base_name(base.name)}_view",
        description=f"Every row of {base.name} with its lineage.",
        query=exp.select(*view_columns(base, *base.columns)).from_(base.relation),
        tables=(base,),
        keys=(lineage.SOURCE_FILE,),
        expected=exp.select(exp.column(lineage.SOURCE_FILE, quoted=True), exp.alias_(exp.Count(this=exp.Star()), "n"))
        .from_(base.relation)
        .group_by(exp.column(lineage.SOURCE_FILE, quoted=True)),
        note=note,
    )


def current_view(base: BaseTable) -> ViewDefinition:
    """Define the view of the latest submission of each series, as-of date, RSSD id, item and context.

    Where the latest submission has more than one row, ``precedence`` decides.

    Args:
        base: a table with REPORT_COLUMNS and the lineage columns.
    """
    identity = (SERIES, AOD, RSSDID, ITEM, *context_columns(base.columns))
    first = precedence.first_rows(base, base.columns, identity, (SUBMITTED, *precedence.ORDER))
    distinct = exp.select(*(exp.column(name, quoted=True) for name in identity)).distinct().from_(base.relation)
    return ViewDefinition(
        name=f"{base_name(base.name)}_current_view",
        description=f"The rows of {base.name} that no later submission of the same item corrects.",
        query=first.select(*(exp.column(name, quoted=True) for name in base.columns)),
        tables=(base,),
        keys=(SERIES, AOD),
        expected=exp.select(
            exp.column(SERIES, quoted=True), exp.column(AOD, quoted=True), exp.alias_(exp.Count(this=exp.Star()), "n")
        )
        .from_(distinct.subquery("items"))
        .group_by(exp.column(SERIES, quoted=True), exp.column(AOD, quoted=True)),
    )
