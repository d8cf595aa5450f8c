"""Glue's asynchronous answers, scripted: moto commits views at once."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from sqlglot import exp

from data_hub.errors import DataHubError, TryAgainError
from data_hub.sql_views.base_table import BaseTable
from data_hub.sql_views.view_definition import ViewDefinition, unified_view
from data_hub.sql_views.view_publication import FINGERPRINT, ViewPublication, _table_input

DEFINER = "arn:aws:iam::123456789012:role/view-definer"
ARN = "arn:aws:glue:us-east-1:123456789012:table/hub/things_staging"
LOOK = {"DatabaseName": "hub", "Name": "things_view", "IncludeStatusDetails": True}


def define(*columns: str) -> ViewDefinition:
    return unified_view(BaseTable("hub", "things_staging", ARN, {name: exp.DataType.build("text") for name in columns}))


class Glue:
    """A Glue client that expects exactly the scripted calls."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "glue", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
        self.script = Stubber(self.client)

    def shows(self, view: ViewDefinition | None, **status: Any) -> None:
        if view is None:
            self.script.add_client_error("get_table", "EntityNotFoundException", expected_params=LOOK)
            return
        table_input = _table_input(view, DEFINER)
        table = {name: table_input[name] for name in ("Name", "TableType", "Parameters")}
        table |= {"Status": status} if status else {}
        self.script.add_response("get_table", {"Table": table}, LOOK)

    def takes(self, operation: str, **parameters: Any) -> None:
        self.script.add_response(operation, {}, {"DatabaseName": "hub", **parameters})

    def publish(self, view: ViewDefinition, wait_seconds: float = 30) -> str:
        publication = ViewPublication(self.client, "hub", DEFINER, wait_seconds=wait_seconds, poll_seconds=0)
        return publication.publish(view)


@pytest.fixture
def glue() -> Iterator[Glue]:
    glue = Glue()
    with glue.script:
        yield glue
    glue.script.assert_no_pending_responses()


def test_a_new_view_is_created_by_one_call_with_both_dialects(glue: Glue) -> None:
    view = define("a")
    glue.shows(None)
    glue.takes(
        "create_table",
        TableInput={
            "Name": "things_view",
            "Description": "Every row of things_staging with its lineage.",
            "TableType": "VIRTUAL_VIEW",
            "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}], "SerdeInfo": {}},
            "ViewDefinition": {
                "IsProtected": True,
                "Definer": DEFINER,
                "SubObjects": [ARN],
                "Representations": [
                    {
                        "Dialect": "SPARK",
                        "DialectVersion": "1.0",
                        "ViewOriginalText": "SELECT `a` FROM `hub`.`things_staging`",
                        "ViewExpandedText": "SELECT `a` FROM `hub`.`things_staging`",
                    },
                    {
                        "Dialect": "ATHENA",
                        "DialectVersion": "3",
                        "ViewOriginalText": 'SELECT "a" FROM "hub"."things_staging"',
                    },
                ],
            },
            "Parameters": {FINGERPRINT: ANY},
        },
    )
    for state in ("QUEUED", "IN_PROGRESS", "SUCCESS"):
        glue.shows(view, Action="CREATE", State=state)
    assert glue.publish(view) == "created"


def test_a_changed_view_is_replaced_in_place(glue: Glue) -> None:
    glue.shows(define("a"))
    glue.takes("update_table", TableInput=ANY, ViewUpdateAction="REPLACE", Force=True)
    glue.shows(define("a"), Action="UPDATE", State="IN_PROGRESS")
    glue.shows(define("a", "b"), Action="UPDATE", State="SUCCESS")
    assert glue.publish(define("a", "b")) == "replaced"


def test_an_unchanged_view_is_left_alone(glue: Glue) -> None:
    glue.shows(define("a"))
    assert glue.publish(define("a")) == "unchanged"


def test_a_refused_view_is_an_error_with_every_reason_and_the_old_one_stays(glue: Glue) -> None:
    glue.shows(define("a"))
    glue.takes("update_table", TableInput=ANY, ViewUpdateAction="REPLACE", Force=True)
    glue.shows(
        define("a"),
        Action="UPDATE",
        State="FAILED",
        Error={"ErrorMessage": "View validation failed."},
        Details={"ViewValidations": [{"Dialect": "ATHENA", "Error": {"ErrorMessage": "COLUMN_NOT_FOUND b"}}]},
    )
    with pytest.raises(DataHubError, match=r"things_view: View validation failed\.; ATHENA: COLUMN_NOT_FOUND b"):
        glue.publish(define("a", "b"))


def test_a_view_that_another_run_is_changing_is_waited_for(glue: Glue) -> None:
    glue.shows(define("a"), Action="UPDATE", State="IN_PROGRESS")
    glue.shows(define("a", "b"), Action="UPDATE", State="SUCCESS")
    assert glue.publish(define("a", "b")) == "unchanged"


def test_what_a_refused_creation_left_behind_is_removed_before_the_next(glue: Glue) -> None:
    glue.shows(define("a"), Action="CREATE", State="FAILED")
    glue.takes("delete_table", Name="things_view")
    glue.takes("create_table", TableInput=ANY)
    glue.shows(define("a"))
    assert glue.publish(define("a")) == "created"


def test_a_creation_whose_first_answer_was_lost_is_no_error(glue: Glue) -> None:
    glue.shows(None)
    glue.script.add_client_error("create_table", "AlreadyExistsException")
    glue.shows(define("a"))
    assert glue.publish(define("a")) == "created"


def test_a_view_that_somebody_else_published_meanwhile_is_an_error(glue: Glue) -> None:
    glue.shows(None)
    glue.script.add_client_error("create_table", "AlreadyExistsException")
    glue.shows(define("b"))
    with pytest.raises(TryAgainError, match="things_view was published by somebody else"):
        glue.publish(define("a"))


def test_waiting_ends(glue: Glue) -> None:
    glue.shows(define("a"), Action="UPDATE", State="QUEUED")
    with pytest.raises(TryAgainError, match=r"not finished view things_view after 0 seconds \(state QUEUED\)"):
        glue.publish(define("a"), wait_seconds=0)


def test_a_table_of_the_same_name_is_not_touched(glue: Glue) -> None:
    table = {"Name": "things_view", "TableType": "EXTERNAL_TABLE"}
    glue.script.add_response("get_table", {"Table": table}, LOOK)
    with pytest.raises(DataHubError, match="database hub has a table of that name"):
        glue.publish(define("a"))
