"""A series as a report: one row per submission, one column per MDRM item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub import lineage
from data_hub.errors import DataHubError
from data_hub.sql_views.series_content import ITEM, SERIES
from data_hub.sql_views.view_definition import ViewDefinition, view_column
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.series_content import SeriesContent

VALUE = "item_value"
SUBMISSION = ("aod", "rssdid", "submission_ts")
REPORT_COLUMNS = frozenset({SERIES, *SUBMISSION, ITEM, VALUE})

_SUFFIX = "_report_view"
# Names in the Glue Data Catalog have at most 255 characters.
_PLAIN_SERIES = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{254 - len(_SUFFIX)}}}", re.ASCII)
_PLAIN_ITEM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}", re.ASCII)
_PRECEDENCE = (lineage.INGEST_TS, lineage.SOURCE_FILE, lineage.SOURCE_LINE)


@dataclass(frozen=True)
class ReportView:
    """The view of one series.

    Attributes:
        definition: the view.
        left_out: item codes without a column, because they are no plain identifier, differ from another item
            only in case, or bear the name of a key column.
    """

    definition: ViewDefinition
    left_out: tuple[str, ...]


def report_view_name(series: str) -> str:
    """Return the name of a series' view.

    Raises:
        DataHubError: the series cannot be part of a name.
    """
    if not _PLAIN_SERIES.fullmatch(series):
        raise DataHubError(
            f"Series {shortened(repr(series))} gets no report view: a name takes letters, digits and _, "
            "starting with a letter; correct the series in its files and deliver them again"
        )
    return f"{series.lower()}{_SUFFIX}"


def report_view(base: BaseTable, content: SeriesContent) -> ReportView:
    """Define the view of one series.

    Where an item was reported more than once for the same submission and context, the row with the latest
    ingest_ts wins, then the greatest source_file, then the greatest source_line. Values stay text.

    Args:
        base: a table with REPORT_COLUMNS and the lineage columns.
        content: the series' items and context columns.

    Raises:
        DataHubError: the series cannot be part of a name.
    """
    keys = (*SUBMISSION, *content.contexts)
    columns = _item_columns(content.items, keys)
    ranked = _ranked_rows(base, content.series, keys)
    query = (
        exp.select(*(exp.column(key) for key in keys), *(_pivoted(*column) for column in columns.items()))
        .with_("ranked", as_=ranked)
        .from_("ranked")
        .where(exp.column("precedence").eq(1))
        .group_by(*(exp.column(key) for key in keys))
    )
    definition = ViewDefinition(
        name=report_view_name(content.series),
        description=f"Series {content.series} of {base.name}: a row per submission, a column per MDRM item.",
        query=query,
        base=base,
    )
    kept = set(columns.values())
    return ReportView(definition, tuple(item for item in content.items if item not in kept))


def _item_columns(items: Iterable[str], keys: Iterable[str]) -> dict[str, str]:
    """Return column name to item code; of codes that differ only in case the first has the column."""
    columns: dict[str, str] = {}
    for item in items:
        if _PLAIN_ITEM.fullmatch(item) and item.lower() not in keys:
            columns.setdefault(item.lower(), item)
    return columns


def _ranked_rows(base: BaseTable, series: str, keys: Iterable[str]) -> exp.Select:
    precedence = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column(name) for name in (*keys, ITEM)],
        order=exp.Order(expressions=[exp.Ordered(this=exp.column(name), desc=True) for name in _PRECEDENCE]),
    )
    return (
        exp.select(*(view_column(base, name) for name in (*keys, ITEM, VALUE)))
        .select(exp.alias_(precedence, "precedence"))
        .from_(base.relation)
        .where(exp.column(SERIES).eq(exp.Literal.string(series)))
    )


def _pivoted(column: str, item: str) -> exp.Expr:
    value = exp.Case().when(exp.column(ITEM).eq(exp.Literal.string(item)), exp.column(VALUE))
    return exp.alias_(exp.Max(this=value), column, quoted=True)
