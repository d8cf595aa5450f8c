"""A series as a report: one row per submission, one column per MDRM item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.pipelines.report_columns import ITEM, SERIES, SUBMISSION, VALUE
from data_hub.sql_views import precedence, report_types, view_definition
from data_hub.sql_views.exact_cast import exact_cast
from data_hub.sql_views.view_definition import ViewDefinition, view_columns
from data_hub.wording import counted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.report_types import ReportTypes
    from data_hub.sql_views.series_content import SeriesContent

# Names in the Glue Data Catalog have at most 255 characters; a part's number needs some of them.
_PLAIN_SERIES = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,235}", re.ASCII)
_PLAIN_ITEM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}", re.ASCII)
_REPORT_VIEW = re.compile(r".+_report(_[0-9]+)?_view", re.ASCII)
_LEFT_OUT_SHOWN = 10


def report_view_name(series: str, part: int = 1) -> str:
    """Return the name of a series' view, or of a further part of it.

    Raises:
        DataHubError: the series cannot be part of a name.
    """
    if not _PLAIN_SERIES.fullmatch(series):
        raise DataHubError(
            f"Series {shortened(repr(series))} gets no report view: a name takes up to 236 letters, digits and _, "
            "starting with a letter; correct the series in its files and deliver them again"
        )
    return f"{series.lower()}_report_view" if part == 1 else f"{series.lower()}_report_{part}_view"


def is_report_view_name(name: str) -> bool:
    """Tell whether a view is that of a series, or a part of one."""
    return _REPORT_VIEW.fullmatch(name) is not None


def report_views(base: BaseTable, content: SeriesContent, types: ReportTypes) -> list[ViewDefinition]:
    """Define the view of one series; of one that is over a limit, its parts.

    Where an item was reported more than once for the same submission and context, ``precedence`` decides.

    Args:
        base: a table with REPORT_COLUMNS and the lineage columns.
        content: the series' items and context columns.
        types: the types of the items' columns.

    Returns:
        The parts, each with all keys and some of the items, in the order of the items.

    Raises:
        DataHubError: the series cannot be part of a name.
    """
    report = _Report(base, content, types)
    columns = list(item_columns(content).items())
    capacity = max(view_definition.MAX_COLUMNS - len(report.keys), 1)
    while True:
        # Filled one after the other: an item that is new moves others on to a later part, never back.
        filled = [columns[at : at + capacity] for at in range(0, len(columns), capacity)] or [[]]
        parts = [report.part(part, len(filled), dict(some)) for part, some in enumerate(filled, 1)]
        if capacity == 1 or not any(part.problems() for part in parts):
            return parts
        capacity //= 2


def item_columns(content: SeriesContent) -> dict[str, str]:
    """Return column name to item code; of codes that differ only in case the first has the column."""
    keys = {*SUBMISSION, *content.contexts}
    columns: dict[str, str] = {}
    for item in content.items:
        if _PLAIN_ITEM.fullmatch(item) and item.lower() not in keys:
            columns.setdefault(item.lower(), item)
    return columns


@dataclass(frozen=True)
class _Report:
    base: BaseTable
    content: SeriesContent
    types: ReportTypes

    @property
    def keys(self) -> tuple[str, ...]:
        return (*SUBMISSION, *self.content.contexts)

    def part(self, part: int, parts: int, columns: Mapping[str, str]) -> ViewDefinition:
        """Define one of the views.

        Args:
            part: its number, from 1 on.
            parts: how many there are.
            columns: column name to item code.
        """
        series = self.content.series
        of_parts = f" Part {part} of {parts}: {counted(len(columns), 'item')}." if parts > 1 else ""
        return ViewDefinition(
            name=report_view_name(series, part),
            description=f"Series {series} of {self.base.name}: a row per submission, a column per MDRM item.{of_parts}",
            query=self._query(columns),
            tables=(self.base,),
            keys=self.keys,
            expected=self._expected(),
            note="; ".join(self._notes(part, parts)),
        )

    def _query(self, columns: Mapping[str, str]) -> exp.Select:
        of_column = {column: self._type(item) for column, item in columns.items()}
        values = {name: _value_name(name) for name in dict.fromkeys(of_column.values())}
        identity = (*self.keys, ITEM)
        first = precedence.first_rows(self.base, (*identity, VALUE), identity, where=self._of_series())
        reported = first.select(
            *(exp.column(name, quoted=True) for name in identity),
            *(_value(type_name, alias) for type_name, alias in values.items()),
        )
        return (
            exp.select(*(exp.column(key, quoted=True) for key in self.keys))
            .select(
                *(_pivoted(column, columns[column], values[name]) for column, name in of_column.items()), copy=False
            )
            .from_(reported.subquery("reported"), copy=False)
            .group_by(*(exp.column(key, quoted=True) for key in self.keys), copy=False)
        )

    def _type(self, item: str) -> str | None:
        """The type that the item's text is cast to, None when it stays as it is."""
        is_text = self.base.columns[VALUE].is_type(*exp.DataType.TEXT_TYPES)
        name = self.types.of(item)
        return name if is_text and name != report_types.STRING else None

    def _of_series(self) -> exp.Expr:
        return exp.column(SERIES, quoted=True).eq(exp.Literal.string(self.content.series))

    def _expected(self) -> exp.Query:
        distinct = exp.select(*view_columns(self.base, *self.keys)).distinct()
        distinct = distinct.from_(self.base.relation).where(self._of_series())
        return exp.select(
            *(exp.column(key, quoted=True) for key in self.keys), exp.alias_(exp.Literal.number(1), "n")
        ).from_(distinct.subquery("submissions"))

    def _notes(self, part: int, parts: int) -> Iterator[str]:
        if parts > 1:
            yield f"part {part} of {parts}: a single view would be over a limit"
        if part == 1 and (left_out := _left_out(self.content)):
            shown = ", ".join(shortened(repr(item)) for item in left_out[:_LEFT_OUT_SHOWN])
            more = f" and {len(left_out) - _LEFT_OUT_SHOWN:,} more" if len(left_out) > _LEFT_OUT_SHOWN else ""
            yield f"item codes without a column, because they make no distinct column name: {shown}{more}"


def _left_out(content: SeriesContent) -> list[str]:
    kept = set(item_columns(content).values())
    return [item for item in content.items if item not in kept]


def _value_name(type_name: str | None) -> str:
    return "value" if type_name is None else "value_" + re.sub(r"[^a-z0-9]+", "_", type_name).strip("_")


def _value(type_name: str | None, alias: str) -> exp.Expr:
    value = exp.column(VALUE, quoted=True)
    return exp.alias_(value if type_name is None else exact_cast(value, type_name), alias, quoted=True)


def _pivoted(column: str, item: str, value: str) -> exp.Expr:
    is_item = exp.EQ(this=exp.column(ITEM), expression=exp.Literal.string(item))
    case = exp.Case().when(is_item, exp.column(value), copy=False)
    return exp.alias_(exp.Max(this=case), column, quoted=True, copy=False)
