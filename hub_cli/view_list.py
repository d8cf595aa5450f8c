"""The views of a pipeline: as they are published, held against what the pipeline defines now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import catalog_view
from data_hub.sql_views.base_table import Database
from data_hub.sql_views.view_definitions import DefinedViews, define_views
from data_hub.sql_views.view_publication import ViewPublication
from data_hub.view_files import view_bundle, view_folders
from hub_cli.locations import PIPELINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.catalog_view import CatalogView
    from data_hub.sql_views.view_definitions import Refusal

State = Literal["published", "out of date", "not published yet", "gone"]


@dataclass(frozen=True)
class ListedView:
    """A view of the pipeline.

    Attributes:
        name: the view.
        state: ``published`` as defined; ``out of date``: by an older definition, or with a dialect that is stale;
            ``not published yet``; ``gone``: published, but nothing defines it any more.
        published: the view in the Glue Data Catalog, None when it is not published yet.
    """

    name: str
    state: State
    published: CatalogView | None


@dataclass(frozen=True)
class ViewList:
    """All views of a pipeline.

    Attributes:
        views: by name.
        refused: series and view files without a view.
    """

    views: Sequence[ListedView]
    refused: Sequence[Refusal]

    @property
    def published(self) -> list[CatalogView]:
        """The views that the Glue Data Catalog has, by name."""
        return [view.published for view in self.views if view.published]

    @property
    def behind(self) -> list[str]:
        """The views that publishing now would make or replace."""
        return [*self._in_state("not published yet"), *self.out_of_date]

    @property
    def out_of_date(self) -> list[str]:
        """The views that publishing now would replace."""
        return self._in_state("out of date")

    @property
    def gone(self) -> list[str]:
        """The views that nothing defines any more."""
        return self._in_state("gone")

    def to_document(self, rows: Mapping[str, int | None]) -> dict[str, Any]:
        """Return the document of ``hub views --json``."""
        return {
            "views": [_view_document(view, rows.get(view.name)) for view in self.views],
            "refused": [asdict(one) for one in self.refused],
        }

    def _in_state(self, state: State) -> list[str]:
        return [view.name for view in self.views if view.state == state]


def files_of(pipeline: Pipeline) -> dict[str, str]:
    """Return the view files of a pipeline, name to text.

    Raises:
        DataHubError: one of them cannot be read.
    """
    return view_bundle.read(view_folders.folder_of(PIPELINES / f"{pipeline.pipeline}.yaml"))


def define(pipeline: Pipeline, deployment: Deployment) -> DefinedViews:
    """Define the views by what the table holds now; boto3 of this process leads there.

    Raises:
        DataHubError: a view file cannot be read, or the table does not exist yet.
    """
    return define_views(pipeline, _database(deployment), files_of(pipeline))


def read(pipeline: Pipeline, deployment: Deployment) -> ViewList:
    """Hold what is published against what is defined; boto3 of this process leads there.

    Raises:
        DataHubError: a view file cannot be read.
    """
    has_table = _database(deployment).load(pipeline.table.name) is not None
    defined = define(pipeline, deployment) if has_table else DefinedViews()
    glue, database = boto3.client("glue"), deployment.database
    publication = ViewPublication(glue, database, deployment.view_definer, pipeline.pipeline)
    fingerprints = {view.name: publication.fingerprint(view) for view in defined.views}
    published = {view.name: view for view in catalog_view.read(glue, database, pipeline.pipeline)}
    states = {name: _state(published.get(name), fingerprints.get(name, "")) for name in defined.names}
    states |= dict.fromkeys(published.keys() - defined.names, "gone")
    return ViewList([ListedView(name, states[name], published.get(name)) for name in sorted(states)], defined.refused)


def is_behind(pipeline: Pipeline, deployment: Deployment) -> bool:
    """Tell whether publishing the views now would make or replace one, or has to complain of a view file."""
    try:
        return bool(read(pipeline, deployment).behind)
    except DataHubError:
        return True


def _database(deployment: Deployment) -> Database:
    return Database(boto3.client("glue"), open_catalog(), deployment.database)


def _state(published: CatalogView | None, fingerprint: str) -> State:
    if published is None:
        return "not published yet"
    # A view file that is wrong just now has no definition, and so no fingerprint.
    return "published" if fingerprint and published.is_of(fingerprint) else "out of date"


def _view_document(view: ListedView, rows: int | None) -> dict[str, Any]:
    published = view.published
    return {
        "name": view.name,
        "state": view.state,
        "rows": rows,
        "columns": dict(published.columns) if published else {},
        "dialects": list(published.texts) if published else [],
        "check": published.check if published else "",
        "misfits": published.misfits if published else "",
        "note": published.note if published else "",
    }
