"""The Glue Data Catalog as plain data, in the shape in which Glue takes it back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape
    from mypy_boto3_glue import GlueClient

Document = dict[str, Any]


def read(glue: GlueClient) -> list[Document]:
    """Return every database with its tables and views: ``{"database": DatabaseInput, "tables": [TableInput]}``."""
    databases = [
        database for page in glue.get_paginator("get_databases").paginate() for database in page["DatabaseList"]
    ]
    return [
        {"database": _as_input(glue, "DatabaseInput", database), "tables": _tables(glue, database["Name"])}
        for database in databases
    ]


def write(glue: GlueClient, databases: list[Document]) -> None:
    """Create databases, tables and views, or bring those that exist into the given state."""
    for entry in databases:
        name = entry["database"]["Name"]
        with contextlib.suppress(glue.exceptions.AlreadyExistsException):
            glue.create_database(DatabaseInput=entry["database"])
        for table in entry["tables"]:
            try:
                glue.create_table(DatabaseName=name, TableInput=table)
            except glue.exceptions.AlreadyExistsException:
                glue.update_table(DatabaseName=name, TableInput=table)


def _tables(glue: GlueClient, database: str) -> list[Document]:
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return [_as_input(glue, "TableInput", table) for page in pages for table in page["TableList"]]


def _as_input(glue: GlueClient, shape: str, answer: Any) -> Document:
    picked: Document = _pick(answer, glue.meta.service_model.shape_for(shape))
    return picked


def _pick(value: Any, shape: Shape) -> Any:
    """Keep of an answer what the input shape has too: answers say more than requests may."""
    if shape.type_name == "structure":
        members: dict[str, Shape] = shape.members  # type: ignore[attr-defined]
        return {name: _pick(value[name], member) for name, member in members.items() if name in value}
    if shape.type_name == "list":
        return [_pick(item, shape.member) for item in value]  # type: ignore[attr-defined]
    return value
