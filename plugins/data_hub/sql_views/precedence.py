"""Which of several rows that report the same counts: the one delivered last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub import lineage
from data_hub.sql_views.view_definition import view_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_hub.sql_views.base_table import BaseTable

# The greatest counts, the first column first. Together they name one line of one object.
ORDER = (lineage.INGEST_TS, lineage.SOURCE_FILE, lineage.SOURCE_LINE)


def first_rows(
    base: BaseTable,
    columns: Iterable[str],
    identity: Iterable[str],
    order: Iterable[str] = ORDER,
    where: exp.Expr | None = None,
) -> exp.Select:
    """Return a query without columns yet, from those rows that come first among the ones of the same identity.

    Args:
        base: the table.
        columns: columns of the table that may be selected.
        identity: columns in which rows that report the same agree; NULL agrees with NULL.
        order: columns without NULL, of which the greatest come first.
        where: which rows of the table take part; None: all.
    """
    name = "precedence"
    while name in base.columns:
        name += "_"
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column(name, quoted=True) for name in identity],
        order=exp.Order(
            expressions=[
                exp.Ordered(this=exp.column(name, quoted=True), desc=True, nulls_first=False) for name in order
            ]
        ),
    )
    ranked = exp.select(*view_columns(base, *columns), exp.alias_(rank, name, quoted=True)).from_(base.relation)
    ranked = ranked.where(where, copy=False) if where is not None else ranked
    return exp.select().from_(ranked.subquery("ranked")).where(exp.column(name, quoted=True).eq(1))
