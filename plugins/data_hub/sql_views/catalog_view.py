"""Views as the Glue Data Catalog has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_hub.sql_views.view_parameters import CHECK, NOTE, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableTypeDef


@dataclass(frozen=True)
class CatalogView:
    """A published view.

    Attributes:
        database: database of the Glue Data Catalog.
        name: the view.
        description: what it shows, in a sentence.
        definer: ARN of the IAM role with whose rights it is read.
        columns: column to Glue type, in order.
        texts: name of the dialect to the query in it; a dialect whose text is stale is left out.
        pipeline: who published it; empty for a view that no pipeline published.
        note: what it leaves out.
        check: what came of holding it against its table; empty when nobody has.
    """

    database: str
    name: str
    description: str
    definer: str
    columns: Mapping[str, str]
    texts: Mapping[str, str]
    pipeline: str
    note: str
    check: str


def read(glue: GlueClient, database: str, pipeline: str) -> list[CatalogView]:
    """Return what a pipeline has published, by name; nothing where there is no such database."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    try:
        found = [of(table) for page in pages for table in page["TableList"] if "ViewDefinition" in table]
    except glue.exceptions.EntityNotFoundException:
        return []
    return sorted((view for view in found if view.pipeline == pipeline), key=lambda view: view.name)


def of(table: TableTypeDef) -> CatalogView:
    """Return a view as Glue's answer describes it."""
    definition, parameters = table["ViewDefinition"], table.get("Parameters", {})
    return CatalogView(
        database=table["DatabaseName"],
        name=table["Name"],
        description=table.get("Description", ""),
        definer=definition.get("Definer", ""),
        columns={column["Name"]: column.get("Type", "") for column in table["StorageDescriptor"].get("Columns", [])},
        texts={
            text["Dialect"]: text["ViewOriginalText"]
            for text in definition.get("Representations", [])
            if not text.get("IsStale")
        },
        pipeline=parameters.get(PIPELINE, ""),
        note=parameters.get(NOTE, ""),
        check=parameters.get(CHECK, ""),
    )
