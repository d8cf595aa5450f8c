"""Views in the Glue Data Catalog: both dialects of a view in one call."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from data_hub.errors import DataHubError, TryAgainError
from data_hub.sql_views import catalog_view
from data_hub.sql_views.dialects import DIALECTS
from data_hub.sql_views.view_parameters import CHECK, FINGERPRINT, MISFITS, NOTE, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef, TableStatusTypeDef, TableTypeDef

    from data_hub.sql_views.dialects import Dialect
    from data_hub.sql_views.view_definition import ViewDefinition

Outcome = Literal["created", "replaced", "unchanged"]

_VIEW = "VIRTUAL_VIEW"
# https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html#API_UpdateTable_Errors and the SDKs' own
_BUSY = {"ConcurrentModificationException", "OperationTimeoutException", "ResourceNotReadyException"}
_PASSING = {*_BUSY, "InternalServiceException", "ThrottlingException"}
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
        with _named(view.name):
            return self._publish(self.table_input(view))

    def note_check(self, view: ViewDefinition, check: str, misfits: str = "") -> None:
        """Keep in the parameters of a published view what its check found; the definition stays.

        Args:
            view: as it was published.
            check: what the check found.
            misfits: how many values its columns cannot hold, in words.

        Raises:
            DataHubError: Glue refused that.
            TryAgainError: the view is another one by now.
        """
        with _named(view.name):
            table_input, existing = self.table_input(view), self._settled(view.name)
            if existing is None or _fingerprint(existing) != _fingerprint(table_input):
                raise _published_by_another(view.name)
            noted = {CHECK: check, **({MISFITS: misfits} if misfits else {})}
            if {name: existing["Parameters"].get(name, "") for name in (CHECK, MISFITS)} == {MISFITS: "", **noted}:
                return
            table_input["Parameters"] = {**table_input["Parameters"], **noted}
            self._replace(table_input, existing)

    def drop(self, name: str) -> None:
        """Drop a view; one that is not there is no error.

        Raises:
            DataHubError: Glue refused that.
            TryAgainError: Glue could not do it now.
        """
        with _named(name), contextlib.suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.delete_table(DatabaseName=self.database, Name=name)

    def fingerprint(self, view: ViewDefinition) -> str:
        """Return the hash that a view has in its parameters once it is published."""
        return self.table_input(view)["Parameters"][FINGERPRINT]

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

    def _publish(self, table_input: TableInputTypeDef) -> Outcome:
        name = table_input["Name"]
        existing = self._settled(name)
        if existing and _creation_failed(existing):
            # What a refused CreateTable leaves behind cannot be queried, and UpdateTable refuses it too:
            # https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage-async-states.html
            self.drop(name)
            existing = None
        if existing is None:
            self._create(table_input)
            self._require_published(table_input)
            return "created"
        self._require_own(existing)
        if catalog_view.of(existing).is_of(table_input["Parameters"][FINGERPRINT]):
            return "unchanged"
        self._replace(table_input, existing)
        return "replaced"

    def _create(self, table_input: TableInputTypeDef) -> None:
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=table_input)
        except self.glue.exceptions.AlreadyExistsException:
            # The transport repeats a call whose answer was lost; whose view it is, is looked at afterwards.
            return

    def _replace(self, table_input: TableInputTypeDef, existing: TableTypeDef) -> None:
        try:
            self.glue.update_table(
                DatabaseName=self.database, TableInput=table_input, ViewUpdateAction="REPLACE", Force=True
            )
        except ClientError as error:
            # As with _create: Glue refuses a repeated call while it works on the first one.
            if error.response["Error"]["Code"] not in _BUSY:
                raise
        self._require_published(table_input, existing)

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
                f"View {name} cannot be published: pipeline {owner} has published a view of that name; rename the "
                "table or the view file of one of them"
            )

    def _require_published(self, table_input: TableInputTypeDef, before: TableTypeDef | None = None) -> None:
        name = table_input["Name"]
        table = self._settled(name, before)
        if table is None:
            raise TryAgainError(f"View {name} was dropped while it was published; run create-views-dual-engine again")
        status = table.get("Status", {})
        if status.get("State") in _UNSUCCESSFUL:
            raise DataHubError(f"Glue refused view {name}: {'; '.join(_reasons(status)) or 'no reason given'}")
        if _fingerprint(table) != _fingerprint(table_input):
            raise _published_by_another(name)

    def _settled(self, name: str, before: TableTypeDef | None = None) -> TableTypeDef | None:
        """Wait until Glue has done what it was told; a failure that was there ``before`` is no answer yet."""
        deadline = time.monotonic() + self.wait_seconds
        while True:
            table = self._get(name)
            if table is None or not (_is_under_way(table) or _is_old_failure(table, before)):
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


@contextlib.contextmanager
def _named(view: str) -> Iterator[None]:
    """Let what Glue refuses at once be an error that names the view."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code in _PASSING:
            raise TryAgainError(
                f"Glue has no time for view {view} ({code}); run create-views-dual-engine again later"
            ) from error
        raise DataHubError(f"Glue refused view {view}: {code}: {message}") from error


def _published_by_another(name: str) -> TryAgainError:
    return TryAgainError(
        f"View {name} was published by somebody else at the same time; run create-views-dual-engine again"
    )


def _representation(view: ViewDefinition, dialect: Dialect) -> dict[str, str]:
    text = view.texts[dialect]
    representation = {"Dialect": dialect.name, "DialectVersion": dialect.version, "ViewOriginalText": text}
    if dialect.has_expanded_text:
        representation["ViewExpandedText"] = text
    return representation


def _fingerprint(table: TableTypeDef | TableInputTypeDef) -> str | None:
    return table.get("Parameters", {}).get(FINGERPRINT)


def _creation_failed(table: TableTypeDef) -> bool:
    status = table.get("Status", {})
    return status.get("Action") == "CREATE" and status.get("State") in _UNSUCCESSFUL


def _is_under_way(table: TableTypeDef) -> bool:
    return table.get("Status", {}).get("State") in _UNDER_WAY


def _is_old_failure(table: TableTypeDef, before: TableTypeDef | None) -> bool:
    status = table.get("Status", {})
    was_there = before is not None and before.get("Status", {}).get("RequestTime") == status.get("RequestTime")
    return was_there and status.get("State") in _UNSUCCESSFUL and "RequestTime" in status


def _reasons(status: TableStatusTypeDef) -> Iterator[str]:
    if message := status.get("Error", {}).get("ErrorMessage"):
        yield message
    for validation in status.get("Details", {}).get("ViewValidations", []):
        if message := validation.get("Error", {}).get("ErrorMessage"):
            yield f"{validation.get('Dialect')}: {message}"
