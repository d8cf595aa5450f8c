"""The views of a pipeline: as they are published, held against what the pipeline defines now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3
from pyiceberg.exceptions import NoSuchTableError

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import catalog_view
from data_hub.sql_views.base_table import describe_base_table
from data_hub.sql_views.view_definitions import define_series
from data_hub.view_files import view_file, view_folders
from hub_cli.locations import PIPELINES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.base_table import BaseTable
    from data_hub.sql_views.catalog_view import CatalogView
    from data_hub.sql_views.view_definition import ViewDefinition
    from data_hub.view_files.view_file import ViewFile

State = Literal["published", "out of date", "missing", "gone"]


@dataclass(frozen=True)
class RefusedView:
    """A series or a view file without a view, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class ListedView:
    """A view of the pipeline.

    Attributes:
        name: the view.
        state: ``published`` as defined; ``out of date``: by an older definition; ``missing``: not published yet;
            ``gone``: published, but nothing defines it any more.
        published: the view in the Glue Data Catalog, None when it is missing.
    """

    name: str
    state: State
    published: CatalogView | None


@dataclass(frozen=True)
class ViewList:
    """All views of a pipeline.

    Attributes:
        views: by name.
        refused: what has no view.
    """

    views: list[ListedView]
    refused: list[RefusedView]

    @property
    def published(self) -> dict[str, CatalogView]:
        """The views that the Glue Data Catalog has, by name."""
        return {view.name: view.published for view in self.views if view.published}

    @property
    def behind(self) -> list[str]:
        """The views that publishing now would make or replace."""
        return [*self._in_state("missing"), *self.out_of_date]

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


def files_of(pipeline: Pipeline) -> list[ViewFile]:
    """Return the view files of a pipeline.

    Raises:
        DataHubError: one of them is wrong.
    """
    return view_file.load(view_folders.folder_of(PIPELINES / f"{pipeline.pipeline}.yaml"))


def read(pipeline: Pipeline, deployment: Deployment) -> ViewList:
    """Look at the catalogue and at what the table holds now; boto3 of this process leads there.

    Raises:
        DataHubError: a view file is wrong.
    """
    published = {
        view.name: view for view in catalog_view.read(boto3.client("glue"), deployment.database, pipeline.pipeline)
    }
    defined, refused = _Definitions(pipeline, deployment).all()
    states: dict[str, State] = {name: _state(published.get(name), definition) for name, definition in defined.items()}
    states |= {name: "gone" for name in published if name not in defined}
    views = [ListedView(name, states[name], published.get(name)) for name in sorted(states)]
    return ViewList(views, refused)


def is_behind(pipeline: Pipeline, deployment: Deployment) -> bool:
    """Tell whether publishing the views now would make or replace one, or has to complain of a view file."""
    try:
        return bool(read(pipeline, deployment).behind)
    except DataHubError:
        return True


class _Definitions:
    def __init__(self, pipeline: Pipeline, deployment: Deployment) -> None:
        self._pipeline = pipeline
        self._database = deployment.database
        self._glue = boto3.client("glue")
        self._catalog = open_catalog()

    def all(self) -> tuple[dict[str, ViewDefinition | None], list[RefusedView]]:
        """Return every definition, None for a view file that does not fit the tables, and what has no view."""
        try:
            table = self._catalog.load_table((self._database, self._pipeline.table.name))
        except NoSuchTableError:
            return {}, []
        found = define_series(self._pipeline, self._base_table(self._pipeline.table.name), table)
        refused = [RefusedView(one.series, one.reason) for one in found.refused]
        defined: dict[str, ViewDefinition | None] = {view.name: view for view in found.views}
        for file in files_of(self._pipeline):
            try:
                defined[file.name] = file.definition({name: self._base_table(name) for name in file.tables})
            except DataHubError as error:
                defined[file.name] = None
                refused.append(RefusedView(file.name, str(error)))
        return defined, refused

    def _base_table(self, name: str) -> BaseTable:
        try:
            schema = self._catalog.load_table((self._database, name)).schema()
        except NoSuchTableError as error:
            raise DataHubError(f"there is no table {name} in database {self._database} yet") from error
        return describe_base_table(self._glue, self._database, name, schema)


def _state(published: CatalogView | None, defined: ViewDefinition | None) -> State:
    if published is None:
        return "missing"
    return "published" if defined and _is_as_defined(published, defined) else "out of date"


def _is_as_defined(published: CatalogView, defined: ViewDefinition) -> bool:
    return (
        published.texts == {dialect.name: text for dialect, text in defined.texts.items()}
        and published.columns == defined.columns
        and (published.description, published.note) == (defined.description, defined.note)
    )


def _view_document(view: ListedView, rows: int | None) -> dict[str, Any]:
    published = view.published
    return {
        "name": view.name,
        "state": view.state,
        "rows": rows,
        "columns": dict(published.columns) if published else {},
        "dialects": list(published.texts) if published else [],
        "check": published.check if published else "",
        "note": published.note if published else "",
    }
