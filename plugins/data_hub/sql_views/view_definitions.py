"""The views that a pipeline has: of its table, of each series in it, and of its view files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.pipelines.report_columns import REPORT_COLUMNS
from data_hub.sql_views import catalog_view
from data_hub.sql_views.report_types import ReportTypes
from data_hub.sql_views.report_view import item_columns, report_view_name, report_views
from data_hub.sql_views.row_views import current_view, unified_view
from data_hub.sql_views.series_content import read_series_contents
from data_hub.view_files.view_file import ViewFile
from data_hub.wording import counted, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pyiceberg.table import Table as IcebergTable

    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.base_table import BaseTable, Database
    from data_hub.sql_views.series_content import SeriesContent
    from data_hub.sql_views.view_definition import ViewDefinition

_SHOWN_REFUSALS = 10


@dataclass(frozen=True)
class Refusal:
    """A series or a view file without a view.

    Attributes:
        name: the series as the rows spell it, or the view of the file.
        reason: why, and what to do.
        is_error: whether the job has to fail: what data bring along holds nobody up.
    """

    name: str
    reason: str
    is_error: bool = False


@dataclass(frozen=True)
class DefinedViews:
    """What is to be published.

    Attributes:
        views: in the order in which to publish them: parts of a report from the last to the first, so that an item
            which moves on to a later part is never missing.
        refused: series and view files without a view.
        misfits: view name to how many values its columns cannot hold, in words.
        snapshot_id: the table as it was when they were defined.
    """

    views: Sequence[ViewDefinition] = ()
    refused: Sequence[Refusal] = ()
    misfits: Mapping[str, str] = field(default_factory=dict)
    snapshot_id: int | None = None

    @property
    def names(self) -> set[str]:
        """The views that are meant to be there, also those whose file is wrong just now."""
        return {view.name for view in self.views} | {one.name for one in self.refused if one.is_error}


def define_views(pipeline: Pipeline, database: Database, files: Mapping[str, str]) -> DefinedViews:
    """Define the views of a pipeline.

    Args:
        pipeline: names the table, whose rows are read.
        database: where the tables are.
        files: the pipeline's view files, name to text.

    Raises:
        DataHubError: the pipeline's table does not exist yet.
    """
    table = database.load(pipeline.table.name)
    if table is None:
        raise DataHubError(
            f"Table {database.name}.{pipeline.table.name} does not exist yet: run the ingestion of pipeline "
            f"{pipeline.pipeline} first"
        )
    others = {
        view: f"pipeline {owner}"
        for view, owner in catalog_view.owners(database.glue, database.name).items()
        if owner != pipeline.pipeline
    }
    of_table = define_table_views(pipeline, database.describe(table), table, others)
    of_files = _define_files(database, files, {view.name for view in of_table.views})
    return DefinedViews(
        [*of_table.views, *of_files.views],
        [*of_table.refused, *of_files.refused],
        of_table.misfits,
        table.metadata.current_snapshot_id,
    )


def define_table_views(
    pipeline: Pipeline, base: BaseTable, table: IcebergTable, others: Mapping[str, str] | None = None
) -> DefinedViews:
    """Define the views of a pipeline's table, and of each series in it.

    Args:
        pipeline: says what types the columns of reports have.
        base: the table as SQL sees it.
        table: the table, whose rows are read.
        others: views that there are already, and whose they are.
    """
    if not base.columns.keys() >= REPORT_COLUMNS:
        return DefinedViews([unified_view(base)])
    current = current_view(base)
    taken = dict.fromkeys((unified_view(base).name, current.name), f"table {base.name}")
    reports = _define_reports(pipeline, base, table, {**(others or {}), **taken})
    rows = [unified_view(base, _refusals_note(reports.refused)), current]
    return DefinedViews([*rows, *reports.views], reports.refused, reports.misfits)


def _define_reports(pipeline: Pipeline, base: BaseTable, table: IcebergTable, taken: Mapping[str, str]) -> DefinedViews:
    types = ReportTypes(pipeline.table.report)
    views: list[ViewDefinition] = []
    refused: list[Refusal] = []
    misfits: dict[str, str] = {}
    names = dict(taken)
    for content in read_series_contents(table, types):
        try:
            name = _claim_name(names, content.series)
        except DataHubError as refusal:
            refused.append(Refusal(content.series, str(refusal)))
            continue
        views += reversed(report_views(base, content, types))
        misfits[name] = _misfits(content)
    return DefinedViews(views, refused, misfits)


def _define_files(database: Database, files: Mapping[str, str], taken: Collection[str]) -> DefinedViews:
    views: list[ViewDefinition] = []
    refused: list[Refusal] = []
    for file_name, text in sorted(files.items()):
        name = file_name.removesuffix(".sql")
        if name in taken:
            reason = f"{file_name}: the pipeline makes a view of that name itself; rename the file"
            refused.append(Refusal(name, reason, is_error=True))
            continue
        try:
            file = ViewFile.parse(file_name, text)
            views.append(file.definition(database.find(*file.tables)))
        except DataHubError as error:
            refused.append(Refusal(name, str(error), is_error=True))
    return DefinedViews(views, refused)


def _claim_name(names: dict[str, str], series: str) -> str:
    name = report_view_name(series)
    mine = f"series {series!r}"
    owner = names.setdefault(name, mine)
    if owner != mine:
        raise DataHubError(
            f"Series {shortened(repr(series))} gets no report view: {name} is already a view of {shortened(owner)}; "
            "correct the series in its files and deliver them again, or ask the view of all rows"
        )
    return name


def _misfits(content: SeriesContent) -> str:
    found = {item: content.misfits[item] for item in item_columns(content).values() if item in content.misfits}
    if not found:
        return ""
    item, misfit = next(iter(found.items()))
    count = sum(one.count for one in found.values())
    verb = "does not fit its column's type" if count == 1 else "do not fit their columns' types"
    return f"{counted(count, 'reported value')} {verb}, e.g. {item} {shortened(repr(misfit.example))}"


def _refusals_note(refused: Sequence[Refusal]) -> str:
    if not refused:
        return ""
    shown = ", ".join(shortened(repr(one.name)) for one in refused[:_SHOWN_REFUSALS])
    more = f" and {len(refused) - _SHOWN_REFUSALS:,} more" if len(refused) > _SHOWN_REFUSALS else ""
    return f"series without a report view, because they make no distinct name ({len(refused):,}): {shown}{more}"
