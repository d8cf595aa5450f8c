"""Views in the Glue Data Catalog: both dialects of a view in one call."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data_hub.errors import DataHubError, TryAgainError
from data_hub.sql_views.dialects import DIALECTS
from data_hub.sql_views.view_parameters import CHECK, FINGERPRINT, NOTE, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableStatusTypeDef, TableTypeDef

    from data_hub.sql_views.dialects import Dialect
    from data_hub.sql_views.view_definition import ViewDefinition

Outcome = Literal["created", "replaced", "unchanged"]

_VIEW = "VIRTUAL_VIEW"
_UNDER_WAY = ("QUEUED", "IN_PROGRESS")
_UNSUCCESSFUL = ("FAILED", "STOPPED")


@dataclass(frozen=True)
class ViewPublication:
    """Publishes the views of a pipeline into one database.

    CreateTable and UpdateTable work on views asynchronously: Glue validates the texts and then commits all
    dialects at once, so that readers see either the old view or the new one. See
    https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage.html.

    Attributes:
        glue: client of the database's account and region.
        database: database of the Glue Data Catalog.
        definer: ARN of the IAM role with whose rights the views are read.
        pipeline: whose views they are.
        wait_seconds: how long Glue may take over one view.
        poll_seconds: how long to wait between two looks at it.
    """

    glue: GlueClient
    database: str
    definer: str
    pipeline: str
    wait_seconds: float = 120.0
    poll_seconds: float = 1.0

    def publish(self, view: ViewDefinition) -> Outcome:
        """Create the view, replace it in place, or leave it alone when it is as defined.

        Raises:
            DataHubError: the view is over a limit, Glue refused it, or something else has its name. The old view stays
                as it was.
            TryAgainError: Glue did not finish in time, or somebody else changed the view.
        """
        if problems := view.problems():
            raise DataHubError(f"View {view.name} cannot be published: {'; '.join(problems)}")
        table_input = self.table_input(view)
        existing = self._settled(view.name)
        if existing and _creation_failed(existing):
            # What a refused CreateTable leaves behind cannot be queried, and UpdateTable refuses it too:
            # https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage-async-states.html
            self.drop(view.name)
            existing = None
        if existing is None:
            self._create(table_input)
            self._require_published(table_input)
            return "created"
        self._require_own(existing)
        if _is_as_defined(existing, table_input):
            return "unchanged"
        self._replace(table_input)
        return "replaced"

    def note_check(self, view: ViewDefinition, verdict: str) -> None:
        """Keep in the parameters of a published view what its check found; raises like ``publish``."""
        existing = self._settled(view.name)
        if existing and existing.get("Parameters", {}).get(CHECK) == verdict:
            return
        table_input = self.table_input(view)
        table_input["Parameters"] = {**table_input["Parameters"], CHECK: verdict}
        self._replace(table_input)

    def published(self) -> list[str]:
        """Return the names of all views that were published for the pipeline, sorted."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
        return sorted(
            table["Name"]
            for page in pages
            for table in page["TableList"]
            if table.get("TableType") == _VIEW and table.get("Parameters", {}).get(PIPELINE) == self.pipeline
        )

    def drop(self, name: str) -> None:
        """Drop a view; one that is not there is no error."""
        try:
            self.glue.delete_table(DatabaseName=self.database, Name=name)
        except self.glue.exceptions.EntityNotFoundException:
            return

    def table_input(self, view: ViewDefinition) -> TableInputTypeDef:
        """Return what Glue is told of a view: both dialects, and the hub's parameters."""
        table_input: TableInputTypeDef = {
            "Name": view.name,
            "Description": view.description,
            "TableType": _VIEW,
            # Needed as long as no representation names a ValidationConnection, refused otherwise:
            # https://github.com/hashicorp/terraform-provider-aws/pull/49156
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": glue_type} for name, glue_type in view.columns.items()],
                "SerdeInfo": {},
            },
            "ViewDefinition": {
                "IsProtected": True,
                "Definer": self.definer,
                "SubObjects": [table.arn for table in view.tables],
                "Representations": [_representation(view, dialect) for dialect in DIALECTS],  # type: ignore[misc]
            },
            "Parameters": {PIPELINE: self.pipeline, **({NOTE: view.note} if view.note else {})},
        }
        digest = hashlib.sha256(json.dumps(table_input, sort_keys=True).encode()).hexdigest()
        table_input["Parameters"] = {**table_input["Parameters"], FINGERPRINT: digest}
        return table_input

    def _create(self, table_input: TableInputTypeDef) -> None:
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=table_input)
        except self.glue.exceptions.AlreadyExistsException:
            # The transport repeats a call whose answer was lost; whose view it is, is looked at afterwards.
            return

    def _replace(self, table_input: TableInputTypeDef) -> None:
        self.glue.update_table(
            DatabaseName=self.database, TableInput=table_input, ViewUpdateAction="REPLACE", Force=True
        )
        self._require_published(table_input)

    def _require_own(self, existing: TableTypeDef) -> None:
        name, parameters = existing["Name"], existing.get("Parameters", {})
        if existing.get("TableType") != _VIEW:
            raise DataHubError(
                f"View {name} cannot be published: database {self.database} has a table of that name; "
                "rename or drop the table"
            )
        if FINGERPRINT not in parameters:
            raise DataHubError(
                f"View {name} cannot be published: database {self.database} has a view of that name that was not made "
                "by a pipeline; rename or drop it"
            )
        owner = parameters.get(PIPELINE, self.pipeline)
        if owner != self.pipeline:
            raise DataHubError(
                f"View {name} cannot be published: pipeline {owner} has published a view of that name; give the two "
                "pipelines databases, series or view files of different names"
            )

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


def _representation(view: ViewDefinition, dialect: Dialect) -> dict[str, str]:
    text = view.texts[dialect]
    representation = {"Dialect": dialect.name, "DialectVersion": dialect.version, "ViewOriginalText": text}
    if dialect.has_expanded_text:
        representation["ViewExpandedText"] = text
    return representation


def _is_as_defined(existing: TableTypeDef, wanted: TableInputTypeDef) -> bool:
    """Tell whether nothing has to be done: somebody's ALTER VIEW may have left a dialect out of date."""
    representations = existing.get("ViewDefinition", {}).get("Representations", [])
    fresh = {one.get("Dialect") for one in representations if not one.get("IsStale")}
    return _fingerprint(existing) == _fingerprint(wanted) and fresh >= {dialect.name for dialect in DIALECTS}


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
