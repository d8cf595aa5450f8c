"""Publishes all views of a pipeline, and checks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchTableError

from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import view_check
from data_hub.sql_views.athena_query import AthenaWorkgroup
from data_hub.sql_views.base_table import describe_base_table
from data_hub.sql_views.published_view import FAILED, NOT_CHECKED, PASSED, PublishedView, summarise
from data_hub.sql_views.view_definitions import define_series
from data_hub.sql_views.view_publication import ViewPublication

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_glue import GlueClient
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table as IcebergTable

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.view_check import ViewCheck
    from data_hub.sql_views.view_definition import ViewDefinition
    from data_hub.view_files.view_file import ViewFile


@dataclass(frozen=True)
class ViewOptions:
    """What is wanted besides the views of the table.

    Attributes:
        files: the pipeline's view files.
        athena_workgroup: who checks the views; None: nobody does.
        prune: whether views are dropped that the pipeline published once and no longer defines.
    """

    files: Sequence[ViewFile] = ()
    athena_workgroup: str | None = None
    prune: bool = False


def create_views(pipeline: Pipeline, deployment: Deployment, options: ViewOptions | None = None) -> list[PublishedView]:
    """Publish the views of a pipeline's table, of each series in it and of its view files, and check them.

    Each view gets one line on standard output, and all together a last one. A view that Glue refuses stops no other
    one; a series whose name cannot be part of a view's name is told and is no error.

    Args:
        pipeline: names the table.
        deployment: names database and definer.
        options: view files, workgroup of the check, pruning.

    Returns:
        What became of each view, in the order of the lines.

    Raises:
        DataHubError: the table does not exist yet, or at the end: a view could not be published or checked, or shows
            something else than the table. All of them are named.
        TryAgainError: Glue did not finish, or somebody else published the same view at the same time.
    """
    # Unlike the catalogue's client these repeat calls: every call that publishes a view can be repeated.
    config = Config(retries={"mode": "standard", "max_attempts": 10})
    glue = boto3.client("glue", config=config)
    options = options or ViewOptions()
    publishing = _Publishing(
        pipeline,
        _Tables(glue, open_catalog(), deployment.database),
        ViewPublication(glue, deployment.database, deployment.view_definer, pipeline.pipeline),
        AthenaWorkgroup(boto3.client("athena", config=config), options.athena_workgroup, deployment.database)
        if options.athena_workgroup
        else None,
        options,
    )
    published = []
    for view in publishing.run():
        _tell(view)
        published.append(view)
    _tell(summarise(published))
    _raise_failures([view for view in published if view.failure])
    return published


def _tell(line: object) -> None:
    print(line, flush=True)  # noqa: T201  (a Glue job's log is its standard output)


def _raise_failures(failures: Sequence[PublishedView]) -> None:
    if not failures:
        return
    reasons = [str(view.failure) for view in failures]
    text = "\n".join(reasons if len(reasons) == 1 else [f"{len(reasons)} views failed:", *reasons])
    raise TryAgainError(text) if all(view.can_be_repeated for view in failures) else DataHubError(text)


@dataclass(frozen=True)
class _Publishing:
    pipeline: Pipeline
    tables: _Tables
    publication: ViewPublication
    workgroup: AthenaWorkgroup | None
    options: ViewOptions

    def run(self) -> Iterator[PublishedView]:
        """Yield each view once it is done with."""
        table = self._load_table()
        defined = define_series(self.pipeline, self.tables.describe(self.pipeline.table.name), table)
        yield from (PublishedView(one.series, "refused", note=one.reason) for one in defined.refused)
        for view in defined.views:
            yield self._publish(view, str(defined.misfits.get(view.name, "")))
        for file in self.options.files:
            yield self._publish_file(file)
        known = {view.name for view in defined.views} | {file.name for file in self.options.files}
        for name in self.publication.published():
            if name not in known:
                yield self._gone(name)

    def _load_table(self) -> IcebergTable:
        name = self.pipeline.table.name
        try:
            return self.tables.load(name)
        except NoSuchTableError as error:
            raise DataHubError(
                f"Table {self.tables.database}.{name} does not exist yet: run the ingestion of pipeline "
                f"{self.pipeline.pipeline} first"
            ) from error

    def _publish_file(self, file: ViewFile) -> PublishedView:
        try:
            view = file.definition({name: self.tables.describe(name) for name in file.tables})
        except DataHubError as error:
            return PublishedView(file.name, "failed", note=str(error))
        return self._publish(view)

    def _publish(self, view: ViewDefinition, misfits: str = "") -> PublishedView:
        try:
            outcome = self.publication.publish(view)
            found = self._check(view)
            verdict = "; ".join(part for part in (_verdict(found), misfits) if part)
            self.publication.note_check(view, verdict)
        except (DataHubError, TryAgainError) as error:
            return PublishedView(view.name, "failed", note=str(error), can_be_repeated=isinstance(error, TryAgainError))
        return PublishedView(view.name, outcome, len(view.columns), view.note, found.rows if found else None, verdict)

    def _check(self, view: ViewDefinition) -> ViewCheck | None:
        if self.workgroup is None:
            return None
        try:
            return view_check.check(self.workgroup, view)
        except DataHubError as error:
            raise DataHubError(
                f"View {view.name} is published, but cannot be checked: {error}; mend that, or go without checks: take "
                "--athena_workgroup out of the job's arguments (Terraform: check_views = false)"
            ) from error

    def _gone(self, name: str) -> PublishedView:
        if not self.options.prune:
            return PublishedView(name, "gone", note="nothing defines it any more; --prune true drops it")
        self.publication.drop(name)
        return PublishedView(name, "dropped")


@dataclass(frozen=True)
class _Tables:
    """The database's tables as SQL sees them."""

    glue: GlueClient
    catalog: Catalog
    database: str

    def load(self, name: str) -> IcebergTable:
        return self.catalog.load_table((self.database, name))

    def describe(self, name: str) -> BaseTable:
        try:
            return describe_base_table(self.glue, self.database, name, self.load(name).schema())
        except (NoSuchTableError, NoSuchIcebergTableError) as error:
            raise DataHubError(
                f"Table {name} is not in database {self.database}, or no Iceberg table; name another one, or run the "
                "pipeline that makes it first"
            ) from error


def _verdict(found: ViewCheck | None) -> str:
    if found is None:
        return f"{NOT_CHECKED}: the job has no --athena_workgroup"
    return f"{FAILED}: {found.problem}" if found.problem else PASSED
