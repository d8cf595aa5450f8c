"""The views of a pipeline: the unified view, and a report view per series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.config import Config
from pyiceberg.exceptions import NoSuchTableError

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.base_table import describe_base_table
from data_hub.sql_views.report_view import REPORT_COLUMNS, report_view, report_view_name
from data_hub.sql_views.series_content import read_series_contents
from data_hub.sql_views.view_definition import unified_view
from data_hub.sql_views.view_publication import Outcome, ViewPublication
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.table import Table

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.view_definition import ViewDefinition

_LEFT_OUT_SHOWN = 10


@dataclass(frozen=True)
class PublishedView:
    """What became of one view.

    Attributes:
        name: the view; for a refused series the series as the data spells it.
        outcome: what was done.
        columns: number of columns.
        note: what the view leaves out, or why the series was refused; empty when there is nothing to say.
    """

    name: str
    outcome: Outcome | Literal["refused"]
    columns: int
    note: str = ""

    def __str__(self) -> str:
        """Return the view's line in the job's log."""
        if self.outcome == "refused":
            return f"refused: {self.note}"
        line = f"{self.name}: {self.outcome}, {self.columns:,} columns"
        return f"{line} ({self.note})" if self.note else line


def create_views(pipeline: Pipeline, deployment: Deployment) -> list[PublishedView]:
    """Publish the unified view of the pipeline's table and, if it holds reports, a view per series.

    Each view gets one line on standard output. A series whose name cannot be part of a view's name is refused and
    stops nobody else.

    Args:
        pipeline: names the table.
        deployment: names database and definer.

    Returns:
        The unified view first, then the series in order.

    Raises:
        DataHubError: the table does not exist yet, or Glue refused a view.
    """
    table = _load_table(pipeline, deployment)
    # Unlike the catalogue's client this one repeats calls: every call that publishes a view can be repeated.
    glue = boto3.client("glue", config=Config(retries={"mode": "standard", "max_attempts": 10}))
    base = describe_base_table(glue, deployment.database, pipeline.table.name, table.schema())
    publication = ViewPublication(glue, deployment.database, deployment.view_definer)
    published = []
    for view in _publish_all(publication, base, table):
        print(view)  # noqa: T201  (a Glue job's log is its standard output)
        published.append(view)
    return published


def _load_table(pipeline: Pipeline, deployment: Deployment) -> Table:
    name = pipeline.table.name
    try:
        return open_catalog().load_table((deployment.database, name))
    except NoSuchTableError as error:
        raise DataHubError(
            f"Table {deployment.database}.{name} does not exist yet: run the ingestion of pipeline "
            f"{pipeline.pipeline} first"
        ) from error


def _publish_all(publication: ViewPublication, base: BaseTable, table: Table) -> Iterator[PublishedView]:
    yield _publish(publication, unified_view(base))
    if not base.columns.keys() >= REPORT_COLUMNS:
        return
    names: dict[str, str] = {}
    for content in read_series_contents(table):
        try:
            _claim_name(names, content.series)
        except DataHubError as refusal:
            yield PublishedView(content.series, "refused", 0, str(refusal))
            continue
        report = report_view(base, content)
        yield _publish(publication, report.definition, _left_out_note(report.left_out))


def _claim_name(names: dict[str, str], series: str) -> None:
    first = names.setdefault(report_view_name(series), series)
    if first != series:
        raise DataHubError(
            f"Series {shortened(repr(series))} gets no report view: it differs from {shortened(repr(first))} only in "
            "case; correct the series in its files and deliver them again"
        )


def _publish(publication: ViewPublication, view: ViewDefinition, note: str = "") -> PublishedView:
    return PublishedView(view.name, publication.publish(view), len(view.columns), note)


def _left_out_note(items: tuple[str, ...]) -> str:
    if not items:
        return ""
    shown = ", ".join(shortened(repr(item)) for item in items[:_LEFT_OUT_SHOWN])
    more = f" and {len(items) - _LEFT_OUT_SHOWN} more" if len(items) > _LEFT_OUT_SHOWN else ""
    return f"item codes without a column, because they make no distinct column name: {shown}{more}"
