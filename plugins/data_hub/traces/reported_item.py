"""What a published view says of one MDRM item: whose column it is, and what tells its rows apart."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.pipelines.report_columns import ITEM, SERIES, SUBMISSION
from data_hub.sql_views import catalog_view
from data_hub.sql_views.dialects import ATHENA
from data_hub.sql_views.report_view import is_report_view_name
from data_hub.sql_views.row_views import base_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableTypeDef

    from data_hub.pipelines.pipeline import Pipeline


@dataclass(frozen=True)
class ReportedItem:
    """The rows of the table that stand behind one item of a view.

    Attributes:
        view: the view's name.
        series: the series that the view is made of, None when it shows all.
        item: the item's code as the rows spell it; in a view of all series as it was asked for.
        contexts: columns by which rows of the item differ within a submission.
    """

    view: str
    series: str | None
    item: str
    contexts: tuple[str, ...]


def find(glue: GlueClient, database: str, pipeline: Pipeline, view: str, item: str) -> ReportedItem:
    """Look an item up in a view as it is published now.

    Args:
        glue: client of the database's account and region.
        database: database of the Glue Data Catalog.
        pipeline: whose view it is.
        view: its name.
        item: MDRM item code, in upper or lower case.

    Raises:
        DataHubError: there is no such view of this pipeline, or it has no such item.
    """
    name, query = view.lower(), _query(glue, database, view.lower())
    if pipeline.table.name not in {table.name for table in query.find_all(exp.Table)}:
        raise DataHubError(
            f"View {name} does not show table '{pipeline.table.name}' of pipeline '{pipeline.pipeline}'; name its "
            "pipeline with --pipeline"
        )
    if name not in _row_views(pipeline.table.name) and not is_report_view_name(name):
        raise DataHubError(
            f"View {name} comes from a view file, whose rows cannot be traced; name the view of a series, or one of "
            f"{' and '.join(_row_views(pipeline.table.name))}"
        )
    series = _series(query)
    shown = [select.alias_or_name for select in query.selects]
    if series is None:
        return ReportedItem(name, None, item, tuple(column for column in shown if column.startswith("context_")))
    codes = {select.alias: code for select in query.selects if (code := _item_code(select)) is not None}
    if item.lower() not in codes:
        near = difflib.get_close_matches(item.lower(), codes, n=3) or sorted(codes)[:3]
        raise DataHubError(f"View {name} has no item {item}; it has {len(codes):,}, among them {', '.join(near)}")
    contexts = (column for column in shown if column not in codes and column not in SUBMISSION)
    return ReportedItem(name, series, codes[item.lower()], tuple(contexts))


def _row_views(table: str) -> tuple[str, str]:
    return f"{base_name(table)}_view", f"{base_name(table)}_current_view"


def _query(glue: GlueClient, database: str, view: str) -> exp.Query:
    views = _views(glue, database)
    if view not in views:
        known = ", ".join(sorted(views)) or "none yet: run the pipeline first"
        raise DataHubError(f"Database '{database}' has no view '{view}'; its views: {known}")
    parsed = sqlglot.parse_one(catalog_view.of(views[view]).text(ATHENA), dialect=ATHENA.sqlglot_name)
    if not isinstance(parsed, exp.Query):
        raise DataHubError(f"View {view} is no query for Athena; run create-views-dual-engine again")
    return parsed


def _views(glue: GlueClient, database: str) -> Mapping[str, TableTypeDef]:
    try:
        pages = list(glue.get_paginator("get_tables").paginate(DatabaseName=database))
    except glue.exceptions.EntityNotFoundException as error:
        raise DataHubError(f"Database '{database}' does not exist; deploy the pipeline first") from error
    return {table["Name"]: table for page in pages for table in page["TableList"] if "ViewDefinition" in table}


def _series(query: exp.Query) -> str | None:
    return next((_literal(equal) for equal in query.find_all(exp.EQ) if equal.left.name == SERIES), None)


def _item_code(select: exp.Expr) -> str | None:
    return next((_literal(equal) for equal in select.find_all(exp.EQ) if equal.left.name == ITEM), None)


def _literal(equal: exp.EQ) -> str | None:
    return str(equal.right.this) if isinstance(equal.right, exp.Literal) else None
