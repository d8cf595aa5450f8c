"""Views in the Glue Data Catalog: both dialects of a view in one call."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data_hub.errors import DataHubError, TryAgainError
from data_hub.sql_views.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableStatusTypeDef, TableTypeDef

    from data_hub.sql_views.dialects import Dialect
    from data_hub.sql_views.view_definition import ViewDefinition

Outcome = Literal["created", "replaced", "unchanged"]

FINGERPRINT = "data_hub.definition_sha256"
_UNDER_WAY = ("QUEUED", "IN_PROGRESS")
_UNSUCCESSFUL = ("FAILED", "STOPPED")


@dataclass(frozen=True)
class ViewPublication:
    """Publishes views into one database.

    CreateTable and UpdateTable work on views asynchronously: Glue validates the texts and then commits all
    dialects at once, so that readers see either the old view or the new one. See
    https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage.html.

    Attributes:
        glue: client of the database's account and region.
        database: database of the Glue Data Catalog.
        definer: ARN of the IAM role with whose rights the views are read.
        wait_seconds: how long Glue may take over one view.
        poll_seconds: how long to wait between two looks at it.
    """

    glue: GlueClient
    database: str
    definer: str
    wait_seconds: float = 120.0
    poll_seconds: float = 1.0

    def publish(self, view: ViewDefinition) -> Outcome:
        """Create the view, replace it in place, or leave it alone when it is as defined.

        Raises:
            DataHubError: Glue refused the view or did not finish in time, or a table has its name. The old
                view stays as it was.
        """
        table_input = _table_input(view, self.definer)
        existing = self._settled(view.name)
        if existing and _creation_failed(existing):
            # What a refused CreateTable leaves behind cannot be queried, and UpdateTable refuses it too:
            # https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage-async-states.html
            self.glue.delete_table(DatabaseName=self.database, Name=view.name)
            existing = None
        if existing is None:
            self._create(table_input)
            self._require_published(table_input)
            return "created"
        if existing.get("TableType") != "VIRTUAL_VIEW":
            raise DataHubError(
                f"View {view.name} cannot be published: database {self.database} has a table of that name; "
                "rename or drop the table"
            )
        if _fingerprint(existing) == _fingerprint(table_input):
            return "unchanged"
        self.glue.update_table(
            DatabaseName=self.database, TableInput=table_input, ViewUpdateAction="REPLACE", Force=True
        )
        self._require_published(table_input)
        return "replaced"

    def _create(self, table_input: TableInputTypeDef) -> None:
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=table_input)
        except self.glue.exceptions.AlreadyExistsException:
            # The transport repeats a call whose answer was lost; whose view it is, is looked at afterwards.
            return

    def _require_published(self, table_input: TableInputTypeDef) -> None:
        name = table_input["Name"]
        table = self._settled(name)
        if table is None:
            raise TryAgainError(f"View {name} was dropped while it was published; run create-views-dual-engine again")
        status = table.get("Status", {})
        if status.get("State") in _UNSUCCESSFUL:
            raise DataHubError(f"Glue refused view {name}: {'; '.join(_reasons(status)) or 'no reason given'}")
        if _fingerprint(table) != _fingerprint(table_input):
            raise TryAgainError(
                f"View {name} was published by somebody else at the same time; run create-views-dual-engine again"
            )

    def _settled(self, name: str) -> TableTypeDef | None:
        deadline = time.monotonic() + self.wait_seconds
        while True:
            table = self._get(name)
            if table is None or table.get("Status", {}).get("State") not in _UNDER_WAY:
                return table
            if time.monotonic() >= deadline:
                raise TryAgainError(
                    f"Glue has not finished view {name} after {self.wait_seconds:.0f} seconds (state "
                    f"{table['Status']['State']}); run create-views-dual-engine again later"
                )
            time.sleep(self.poll_seconds)

    def _get(self, name: str) -> TableTypeDef | None:
        try:
            return self.glue.get_table(DatabaseName=self.database, Name=name, IncludeStatusDetails=True)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None


def _table_input(view: ViewDefinition, definer: str) -> TableInputTypeDef:
    table_input: TableInputTypeDef = {
        "Name": view.name,
        "Description": view.description,
        "TableType": "VIRTUAL_VIEW",
        # Needed as long as no representation names a ValidationConnection, refused otherwise:
        # https://github.com/hashicorp/terraform-provider-aws/pull/49156
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": glue_type} for name, glue_type in view.columns.items()],
            "SerdeInfo": {},
        },
        "ViewDefinition": {
            "IsProtected": True,
            "Definer": definer,
            "SubObjects": [view.base.arn],
            "Representations": [_representation(view, dialect) for dialect in DIALECTS],  # type: ignore[misc]
        },
    }
    digest = hashlib.sha256(json.dumps(table_input, sort_keys=True).encode()).hexdigest()
    table_input["Parameters"] = {FINGERPRINT: digest}
    return table_input


def _representation(view: ViewDefinition, dialect: Dialect) -> dict[str, str]:
    text = dialect.text(view.query)
    representation = {"Dialect": dialect.name, "DialectVersion": dialect.version, "ViewOriginalText": text}
    if dialect.has_expanded_text:
        representation["ViewExpandedText"] = text
    return representation


def _fingerprint(table: TableTypeDef | TableInputTypeDef) -> str | None:
    return table.get("Parameters", {}).get(FINGERPRINT)


def _creation_failed(table: TableTypeDef) -> bool:
    status = table.get("Status", {})
    return status.get("Action") == "CREATE" and status.get("State") in _UNSUCCESSFUL


def _reasons(status: TableStatusTypeDef) -> Iterator[str]:
    if message := status.get("Error", {}).get("ErrorMessage"):
        yield message
    for validation in status.get("Details", {}).get("ViewValidations", []):
        if message := validation.get("Error", {}).get("ErrorMessage"):
            yield f"{validation.get('Dialect')}: {message}"
