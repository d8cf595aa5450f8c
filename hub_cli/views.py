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
from data_hub.sql_views import ddl
from data_hub.sql_views.dialects import DIALECTS, DIALECTS_BY_NAME
from data_hub.sql_views.views import ViewOptions, create_views
from data_hub.wording import counted
from hub_cli import lake, view_list, view_remarks
from hub_cli.console import make_console, make_table
from hub_cli.locations import path_of_pipeline
from local_aws.athena import Athena
from local_aws.deploy import deployment_of, make_workgroup, upload_views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.ddl import Purpose
    from data_hub.sql_views.view_definition import ViewDefinition
    from data_hub.sql_views.view_definitions import DefinedViews
    from hub_cli.view_list import ViewList

ROOM = view_remarks.Room(lines=20, characters=1000, rest="./hub views --json has all of it")


@dataclass(frozen=True)
class DdlOptions:
    """Which statements the user asked for.

    Attributes:
        view: those of this view only; empty for all.
        purpose: make the views, or bring those that are there to the same definition.
        dialect: ``spark`` or ``athena``: those of this engine only.
        database: where they are run; None: a database named like the local one.
        definer: ARN of the role with whose rights the views are to be read, where it is known.
    """

    view: str = ""
    purpose: Purpose = "create"
    dialect: str | None = None
    database: str | None = None
    definer: str | None = None


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


def print_ddl(pipeline_name: str, options: DdlOptions) -> None:
    """Print the statements that make the views as they are defined now, for a person or a pipe.

    Args:
        pipeline_name: whose views they are.
        options: which statements.

    Raises:
        DataHubError: there is no such view, or no data yet. Or a view is wrong: the others' statements are printed.
    """
    pipeline, deployment = _pipeline(pipeline_name)
    with lake.open_data():
        defined = view_list.define(pipeline, deployment)
    views, errors = _chosen(pipeline, defined, options.view.lower())
    dialects = (DIALECTS_BY_NAME[options.dialect],) if options.dialect else DIALECTS
    script = ddl.Script(options.database or deployment.database, options.purpose, dialects, options.definer or "")
    print(script.text(views), end="")  # noqa: T201  (it may go into a pipe)
    if not options.view:
        series = [one for one in defined.refused if not one.is_error]
        view_remarks.print_remarks(make_console(to_standard_error=True), (), series, ROOM)
    if errors:
        raise DataHubError("\n".join(errors))


def publish(console: Console, pipeline_name: str, *, prune: bool, as_json: bool) -> None:
    """Publish the views of a pipeline as its job does, and print a line for each when it is done.

    Args:
        console: where to print.
        pipeline_name: the pipeline.
        prune: drop the views that nothing defines any more.
        as_json: print one JSON document on standard output, and nothing else there.

    Raises:
        DataHubError: a view was refused or its check failed; the others are published.
    """
    pipeline, deployment = _pipeline(pipeline_name)
    failure = None
    with lake.open_data_to_change() as data:
        if data.is_running:
            # The next run of the job would take a view for gone whose file it does not know.
            upload_views(data.aws.client("s3"), path_of_pipeline(pipeline_name))
        wanted = ViewOptions(view_list.files_of(pipeline), make_workgroup(data.aws), prune)
        # The lines of the job are the progress; in a pipe of JSON they are not wanted on standard output.
        with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
            try:
                create_views(pipeline, deployment, wanted)
            except (DataHubError, TryAgainError) as error:
                # What was published until then is kept.
                failure = error
        if as_json:
            found = view_list.read(pipeline, deployment)
            _tell(console, pipeline, found, _count_rows(deployment, found), data.origin, as_json=True)
    if failure:
        raise DataHubError(str(failure)) from failure


def _pipeline(name: str) -> tuple[Pipeline, Deployment]:
    file = path_of_pipeline(name)
    pipeline = pipeline_file.load(file)
    return pipeline, deployment_of(file, pipeline)


def _chosen(pipeline: Pipeline, defined: DefinedViews, name: str) -> tuple[list[ViewDefinition], list[str]]:
    """Return the views that statements can be made of, and why there are none of others."""
    if name and name not in defined.names:
        known = ", ".join(sorted(defined.names))
        raise DataHubError(f"Pipeline {pipeline.pipeline} defines no view {name}; its views: {known}")
    views = [view for view in defined.views if name in {"", view.name}]
    problems = {view.name: view.problems() for view in views}
    errors = [one.reason for one in defined.refused if one.is_error and name in {"", one.name}]
    errors += [f"View {one} is over a limit: {'; '.join(found)}" for one, found in problems.items() if found]
    return [view for view in views if not problems[view.name]], errors


def _count_rows(deployment: Deployment, found: ViewList) -> dict[str, int | None]:
    athena = Athena(open_catalog(), boto3.client("glue"), deployment.database)
    return {view.name: athena.count(view.name) for view in found.published}


def _tell(
    console: Console, pipeline: Pipeline, found: ViewList, rows: Mapping[str, int | None], origin: str, *, as_json: bool
) -> None:
    if as_json:
        document = {"pipeline": pipeline.pipeline, "of": origin, **found.to_document(rows)}
        print(json.dumps(document, indent=2))  # noqa: T201  (the document, whatever the console does)
        return
    console.print(Text(f"{pipeline.pipeline}: {counted(len(found.views), 'view')}; data {origin}", style="bold"))
    _print_table(console, found, rows)
    view_remarks.print_remarks(console, found.published, found.refused, ROOM)
    if found.behind:
        console.print("./hub views --publish makes or replaces what is not as defined", highlight=False)
    if found.gone:
        console.print("./hub views --prune drops what is gone: nothing defines it any more", highlight=False)


def _print_table(console: Console, found: ViewList, rows: Mapping[str, int | None]) -> None:
    table = make_table("", "view", "rows", "columns", "dialects", "check", "", right=("rows", "columns"))
    for view in found.views:
        published, state = view.published, Text("" if view.state == "published" else view.state, "yellow")
        if published is None:
            table.add_row("", view.name, "", "", "", "", state)
            continue
        table.add_row(
            view_remarks.mark(published),
            view.name,
            view_remarks.rows(rows.get(view.name)),
            f"{len(published.columns):,}",
            ", ".join(sorted(published.texts)).lower(),
            published.check.partition(":")[0],
            state,
        )
    if found.views:
        console.print(table)
