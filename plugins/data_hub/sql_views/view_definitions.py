"""The views that the hub makes of a pipeline's table and of each series in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.pipelines.report_columns import REPORT_COLUMNS
from data_hub.sql_views.report_types import ReportTypes
from data_hub.sql_views.report_view import report_view_name, report_views
from data_hub.sql_views.row_views import current_view, unified_view
from data_hub.sql_views.series_content import read_series_contents
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyiceberg.table import Table as IcebergTable

    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.series_content import Misfits, SeriesContent
    from data_hub.sql_views.view_definition import ViewDefinition

_SHOWN_REFUSALS = 10


@dataclass(frozen=True)
class Refusal:
    """A series without a view: what data bring along holds nobody up.

    Attributes:
        series: as the rows spell it.
        reason: why, and what to do.
    """

    series: str
    reason: str


@dataclass
class DefinedViews:
    """What is to be published.

    Attributes:
        views: in the order in which to publish them: parts of a report from the last to the first, so that an item
            which moves to the next part is never missing.
        refused: series without a view.
        misfits: view name to the values that its columns cannot hold.
    """

    views: list[ViewDefinition] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    misfits: dict[str, Misfits] = field(default_factory=dict)


def define_series(pipeline: Pipeline, base: BaseTable, table: IcebergTable) -> DefinedViews:
    """Define the views of a pipeline's table and of each series in it.

    Args:
        pipeline: whose table it is.
        base: the table as SQL sees it.
        table: the table, whose rows are read.
    """
    defined = DefinedViews()
    if not base.columns.keys() >= REPORT_COLUMNS:
        defined.views.append(unified_view(base))
        return defined
    types = ReportTypes(pipeline.table.report)
    names: dict[str, str] = {}
    for content in read_series_contents(table, types):
        try:
            _claim_name(names, content.series)
        except DataHubError as refusal:
            defined.refused.append(Refusal(content.series, str(refusal)))
            continue
        _add_report(defined, base, content, types)
    defined.views[:0] = [unified_view(base, _refusals_note(defined.refused)), current_view(base)]
    return defined


def _add_report(defined: DefinedViews, base: BaseTable, content: SeriesContent, types: ReportTypes) -> None:
    parts = report_views(base, content, types)
    defined.views += reversed(parts)
    defined.misfits[parts[0].name] = content.misfits


def _claim_name(names: dict[str, str], series: str) -> None:
    first = names.setdefault(report_view_name(series), series)
    if first != series:
        raise DataHubError(
            f"Series {shortened(repr(series))} gets no report view: it differs from {shortened(repr(first))} only in "
            "case; correct the series in its files and deliver them again"
        )


def _refusals_note(refused: Sequence[Refusal]) -> str:
    if not refused:
        return ""
    shown = ", ".join(shortened(repr(one.series)) for one in refused[:_SHOWN_REFUSALS])
    more = f" and {len(refused) - _SHOWN_REFUSALS:,} more" if len(refused) > _SHOWN_REFUSALS else ""
    return f"series without a report view, because they make no distinct name ({len(refused):,}): {shown}{more}"
