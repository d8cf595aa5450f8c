"""Publishes all views of a pipeline, and checks them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import catalog_view, view_check, views_summary
from data_hub.sql_views.athena_workgroup import AthenaWorkgroup
from data_hub.sql_views.base_table import Database
from data_hub.sql_views.view_check import ViewCheck
from data_hub.sql_views.view_definitions import define_views
from data_hub.sql_views.view_parameters import NOT_CHECKED
from data_hub.sql_views.view_publication import ViewPublication
from data_hub.sql_views.view_result import ViewResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.view_definition import ViewDefinition
    from data_hub.sql_views.view_definitions import DefinedViews, Refusal


_PART = re.compile(r"(.+)_report_[0-9]+_view")


@dataclass(frozen=True)
class ViewOptions:
    """What is wanted besides the views of the table.

    Attributes:
        files: the pipeline's view files, name to text.
        athena_workgroup: who checks the views; None: nobody does.
        prune: whether views are dropped that the pipeline published once and no longer defines.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    athena_workgroup: str | None = None
    prune: bool = False


def create_views(pipeline: Pipeline, deployment: Deployment, options: ViewOptions | None = None) -> list[ViewResult]:
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
    options = options or ViewOptions()
    # Unlike the catalogue's client these repeat calls: every call that publishes a view can be repeated.
    config = Config(retries={"mode": "standard", "max_attempts": 10})
    glue = boto3.client("glue", config=config)
    name = options.athena_workgroup
    database = Database(glue, open_catalog(), deployment.database)
    defined = define_views(pipeline, database, options.files)
    publishing = _Publishing(
        defined=defined,
        publication=ViewPublication(glue, deployment.database, deployment.view_definer, pipeline.pipeline),
        workgroup=AthenaWorkgroup(boto3.client("athena", config=config), name, deployment.database) if name else None,
        prune=options.prune,
        is_current=lambda: database.snapshot_id(pipeline.table.name) == defined.snapshot_id,
    )
    results = []
    for result in publishing.run():
        _tell(result)
        results.append(result)
    _tell(views_summary.line(results))
    _raise_errors([result for result in results if result.error])
    return results


def _tell(line: object) -> None:
    print(line, flush=True)  # noqa: T201  (a Glue job's log is its standard output)


def _raise_errors(failed: Sequence[ViewResult]) -> None:
    if not failed:
        return
    errors = [result.error for result in failed]
    text = "\n".join(errors if len(errors) == 1 else [f"{len(errors)} views failed:", *errors])
    raise TryAgainError(text) if all(result.can_be_repeated for result in failed) else DataHubError(text)


@dataclass(frozen=True)
class _Publishing:
    """A run. ``is_current`` tells whether the table is still the one of which the views were defined."""

    defined: DefinedViews
    publication: ViewPublication
    workgroup: AthenaWorkgroup | None
    prune: bool
    is_current: Callable[[], bool]

    def run(self) -> Iterator[ViewResult]:
        """Yield each view once it is done with."""
        for refusal in self.defined.refused:
            yield _refused(refusal)
        failed = set()
        for view in self.defined.views:
            result = self._publish(view, self.defined.misfits.get(view.name, ""))
            if result.outcome == "failed":
                failed.add(_first_part(view.name))
            yield result
        publication = self.publication
        for published in catalog_view.read(publication.glue, publication.database, publication.pipeline):
            if published.name not in self.defined.names:
                # A part that the report no longer has would go on with an old text beside the new ones.
                first = _first_part(published.name)
                yield self._gone(published.name, drop=self.prune or first in self.defined.names - failed)

    def _publish(self, view: ViewDefinition, misfits: str) -> ViewResult:
        try:
            outcome = self.publication.publish(view)
            found = self._check(view)
            self.publication.note_check(view, found.verdict, misfits)
        except (DataHubError, TryAgainError) as error:
            return _failed(view.name, error)
        return ViewResult(
            view.name, outcome, len(view.columns), view.note, found.rows, found.verdict, misfits, found.error(view)
        )

    def _check(self, view: ViewDefinition) -> ViewCheck:
        if self.workgroup is None:
            return ViewCheck(f"{NOT_CHECKED}: the job has no --athena_workgroup")
        try:
            return view_check.check(self.workgroup, view)
        except DataHubError as error:
            return ViewCheck(f"{NOT_CHECKED}: {error}", could_be_made=False)

    def _gone(self, name: str, *, drop: bool) -> ViewResult:
        if not drop:
            return ViewResult(name, "gone", note="nothing defines it any more; --prune drops it")
        if not self.is_current():
            return ViewResult(name, "gone", note="the table has changed meanwhile; run the job again to drop it")
        try:
            self.publication.drop(name)
        except (DataHubError, TryAgainError) as error:
            return _failed(name, error)
        return ViewResult(name, "dropped")


def _first_part(view: str) -> str:
    return _PART.sub(r"\1_report_view", view)


def _refused(refusal: Refusal) -> ViewResult:
    if refusal.is_error:
        return ViewResult(refusal.name, "failed", error=refusal.reason)
    return ViewResult(refusal.name, "left out", note=refusal.reason)


def _failed(name: str, error: DataHubError | TryAgainError) -> ViewResult:
    return ViewResult(name, "failed", error=str(error), can_be_repeated=isinstance(error, TryAgainError))
