"""``hub views``: the published views of a pipeline, the statements that make them, and publishing them now."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from rich.text import Text

from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg.catalog import open_catalog
from data_hub.pipelines import pipeline_file
from data_hub.sql_views import catalog_view, ddl
from data_hub.sql_views.dialects import ATHENA, DIALECTS, SPARK
from data_hub.sql_views.view_remarks import remarks
from data_hub.sql_views.views import ViewOptions, create_views
from data_hub.wording import counted, shortened
from hub_cli import lake, view_list, view_remarks
from hub_cli.console import make_table
from hub_cli.locations import path_of_pipeline
from local_aws.athena import Athena
from local_aws.deploy import deployment_of, make_workgroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.ddl import Purpose
    from hub_cli.view_list import ViewList

SHOWN_LINES = 20
SHOWN_CHARACTERS = 1000
_STATES = {"published": "", "out of date": "out of date", "missing": "not published yet", "gone": "gone"}


@dataclass(frozen=True)
class PublishOptions:
    """What the user asked for.

    Attributes:
        prune: drop the views that nothing defines any more.
        as_json: print one JSON document on standard output, and nothing else there.
    """

    prune: bool = False
    as_json: bool = False


def show(console: Console, pipeline_name: str, *, as_json: bool) -> None:
    """Print the views of a pipeline.

    Raises:
        DataHubError: a view file is wrong, or there is no data yet.
    """
    pipeline, deployment = _pipeline(pipeline_name)
    with lake.open_data() as data, console.status("reading the views"):
        found = view_list.read(pipeline, deployment)
        rows = _count_rows(deployment, found)
    _tell(console, pipeline, found, rows, data.origin, as_json=as_json)


def print_ddl(pipeline_name: str, view: str, purpose: Purpose, dialect: str | None) -> None:
    """Print the statements that make the published views, for a person or a pipe.

    Args:
        pipeline_name: whose views they are.
        view: this one only; empty for all.
        purpose: make them, or bring those that are there to the same definition.
        dialect: ``spark`` or ``athena``: statements of this engine only.

    Raises:
        DataHubError: there is no such view, or no data yet.
    """
    pipeline, deployment = _pipeline(pipeline_name)
    with lake.open_data():
        found = catalog_view.read(boto3.client("glue"), deployment.database, pipeline.pipeline)
    chosen = [one for one in found if view.lower() in {"", one.name}]
    if not chosen:
        known = ", ".join(one.name for one in found) or "none yet; ./hub views --publish publishes them"
        wanted = f"no view {view}" if view else "no views"
        raise DataHubError(f"Pipeline {pipeline.pipeline} has published {wanted}; its views: {known}")
    engines = {None: DIALECTS, "spark": (SPARK,), "athena": (ATHENA,)}[dialect]
    print(ddl.script(chosen, purpose, engines), end="")  # noqa: T201  (it may go into a pipe)


def publish(console: Console, pipeline_name: str, options: PublishOptions) -> None:
    """Publish the views of a pipeline as its job does, and print a line for each when it is done.

    Raises:
        DataHubError: a view was refused or its check failed; the others are published.
    """
    pipeline, deployment = _pipeline(pipeline_name)
    failure = None
    with lake.open_data_to_change() as data:
        wanted = ViewOptions(view_list.files_of(pipeline), make_workgroup(data.aws), options.prune)
        # The lines of the job are the progress; in a pipe of JSON they are not wanted on standard output.
        with contextlib.redirect_stdout(sys.stderr if options.as_json else sys.stdout):
            try:
                create_views(pipeline, deployment, wanted)
            except (DataHubError, TryAgainError) as error:
                # What was published until then is kept.
                failure = error
        if options.as_json:
            found = view_list.read(pipeline, deployment)
            _tell(console, pipeline, found, _count_rows(deployment, found), data.origin, as_json=True)
    if failure:
        raise DataHubError(str(failure)) from failure


def _pipeline(name: str) -> tuple[Pipeline, Deployment]:
    file = path_of_pipeline(name)
    pipeline = pipeline_file.load(file)
    return pipeline, deployment_of(file, pipeline)


def _count_rows(deployment: Deployment, found: ViewList) -> dict[str, int | None]:
    athena = Athena(open_catalog(), boto3.client("glue"), deployment.database)
    return {name: _rows(athena, name) for name in found.published}


def _rows(athena: Athena, view: str) -> int | None:
    try:
        return int(athena.query(f'SELECT count(*) AS n FROM "{view}"')["n"][0].as_py())  # noqa: S608  (a plain name)
    except DataHubError:
        return None  # a view that nobody can read is told by its check, and listed all the same


def _tell(
    console: Console, pipeline: Pipeline, found: ViewList, rows: Mapping[str, int | None], origin: str, *, as_json: bool
) -> None:
    if as_json:
        document = {"pipeline": pipeline.pipeline, "of": origin, **found.to_document(rows)}
        print(json.dumps(document, indent=2))  # noqa: T201  (the document, whatever the console does)
        return
    console.print(Text(f"{pipeline.pipeline}: {counted(len(found.views), 'view')}; data {origin}", style="bold"))
    _print_table(console, found, rows)
    _print_remarks(console, found)
    if found.behind:
        console.print("./hub views --publish makes or replaces what is not as defined", highlight=False)
    if found.gone:
        console.print("./hub views --prune drops what is gone: nothing defines it any more", highlight=False)


def _print_table(console: Console, found: ViewList, rows: Mapping[str, int | None]) -> None:
    table = make_table("", "view", "rows", "columns", "dialects", "check", "", right=("rows", "columns"))
    for view in found.views:
        published, state = view.published, Text(_STATES[view.state], "yellow")
        if published is None:
            table.add_row("", view.name, "", "", "", "", state)
            continue
        count = rows.get(view.name)
        table.add_row(
            view_remarks.mark(published),
            view.name,
            "unreadable" if count is None else f"{count:,}",
            f"{len(published.columns):,}",
            ", ".join(sorted(published.texts)).lower(),
            published.check.partition(":")[0].partition(";")[0],
            state,
        )
    if found.views:
        console.print(table)


def _print_remarks(console: Console, found: ViewList) -> None:
    lines = [
        Text.assemble(view_remarks.mark(view), f" {name}: {remark}")
        for name, view in found.published.items()
        for remark in remarks(view)
    ]
    lines += [Text(f"⚠ {one.reason}", "yellow") for one in found.refused]
    for line in lines[:SHOWN_LINES]:
        line.plain = shortened(line.plain, SHOWN_CHARACTERS)
        console.print(line)
    if len(lines) > SHOWN_LINES:
        console.print(f"… {len(lines) - SHOWN_LINES:,} more; --json has all", highlight=False)
