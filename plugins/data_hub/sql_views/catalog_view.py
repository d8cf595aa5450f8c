"""Views as the Glue Data Catalog has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import DIALECTS
from data_hub.sql_views.view_parameters import CHECK, FAILED, FINGERPRINT, MISFITS, NOTE, PASSED, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableTypeDef

    from data_hub.sql_views.dialects import Dialect


@dataclass(frozen=True)
class CatalogView:
    """A published view.

    Attributes:
        name: the view.
        columns: column to Glue type, in order.
        texts: name of the dialect to the query in it; a dialect whose text is stale is left out.
        pipeline: who published it; empty for a view that no pipeline published.
        fingerprint: of the definition that it was published by; empty for a view that no pipeline published.
        note: what it leaves out.
        check: what came of holding it against its table: ``passed``, ``failed: ...``, ``not checked: ...``; empty when
            nobody has.
        misfits: values that its columns cannot hold, in words; empty when there are none.
    """

    name: str
    columns: Mapping[str, str]
    texts: Mapping[str, str]
    pipeline: str = ""
    fingerprint: str = ""
    note: str = ""
    check: str = ""
    misfits: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the view does not show what its table holds."""
        return self.check.startswith(FAILED)

    @property
    def has_passed(self) -> bool:
        """Whether the view shows what its table holds; not so of one that nobody has checked."""
        return self.check.startswith(PASSED)

    @property
    def remarks(self) -> list[str]:
        """What is to be told of the view, a text for each; none of a view that is whole and in order."""
        return [text for text in (f"check {self.check}" if self.has_failed else "", self.misfits, self.note) if text]

    def text(self, dialect: Dialect) -> str:
        """Return the query in a dialect.

        Raises:
            DataHubError: there is none, or it is stale.
        """
        if dialect.name not in self.texts:
            raise DataHubError(
                f"View {self.name} has no valid text for {dialect.title}; run create-views-dual-engine again"
            )
        return self.texts[dialect.name]

    def is_of(self, fingerprint: str) -> bool:
        """Tell whether every dialect is of this definition: somebody's ALTER VIEW may have left one out of date."""
        return self.fingerprint == fingerprint and self.texts.keys() >= {dialect.name for dialect in DIALECTS}


def read(glue: GlueClient, database: str, pipeline: str) -> list[CatalogView]:
    """Return what a pipeline has published, by name; nothing where there is no such database."""
    return [view for view in _read_all(glue, database) if view.pipeline == pipeline]


def owners(glue: GlueClient, database: str) -> dict[str, str]:
    """Return the views that pipelines have published, each with its pipeline."""
    return {view.name: view.pipeline for view in _read_all(glue, database) if view.pipeline}


def _read_all(glue: GlueClient, database: str) -> list[CatalogView]:
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    try:
        found = [of(table) for page in pages for table in page["TableList"] if "ViewDefinition" in table]
    except glue.exceptions.EntityNotFoundException:
        return []
    return sorted(found, key=lambda view: view.name)


def of(table: TableTypeDef) -> CatalogView:
    """Return a view as Glue's answer describes it."""
    parameters = table.get("Parameters", {})
    return CatalogView(
        name=table["Name"],
        columns={column["Name"]: column.get("Type", "") for column in table["StorageDescriptor"].get("Columns", [])},
        texts={
            text["Dialect"]: text["ViewOriginalText"]
            for text in table["ViewDefinition"].get("Representations", [])
            if not text.get("IsStale")
        },
        pipeline=parameters.get(PIPELINE, ""),
        fingerprint=parameters.get(FINGERPRINT, ""),
        note=parameters.get(NOTE, ""),
        check=parameters.get(CHECK, ""),
        misfits=parameters.get(MISFITS, ""),
    )
