"""Which of several rows that report the same counts: the one delivered last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub import lineage
from data_hub.sql_views.view_definition import view_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_hub.sql_views.base_table import BaseTable

# The greatest counts, the first column first. Together they name one line of one object.
ORDER = (lineage.INGEST_TS, lineage.SOURCE_FILE, lineage.SOURCE_LINE)
CONTEXT = re.compile(r"context_level[0-9]+_(mdrm|desc|value)")

_RANK = "precedence"


def ranked(base: BaseTable, columns: Iterable[str], identity: Iterable[str], order: Iterable[str]) -> exp.Select:
    """Select columns of the table, and the rank of each row among those of the same identity.

    Args:
        base: the table.
        columns: what to select.
        identity: columns in which rows that report the same agree; NULL agrees with NULL.
        order: columns without NULL, of which the greatest come first.
    """
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column(name, quoted=True) for name in identity],
        order=exp.Order(
            expressions=[
                exp.Ordered(this=exp.column(name, quoted=True), desc=True, nulls_first=False) for name in order
            ]
        ),
    )
    return exp.select(*view_columns(base, *columns), exp.alias_(rank, _RANK, quoted=True)).from_(base.relation)


def first_rows(select: exp.Select, ranked_rows: exp.Select) -> exp.Select:
    """Let a query select from the rows that come first among those of the same identity."""
    first = exp.column(_RANK, quoted=True).eq(1)
    return select.from_(ranked_rows.subquery("ranked")).where(first)
