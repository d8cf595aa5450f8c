"""Glue's asynchronous answers, scripted: moto commits views at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from sqlglot import exp

from data_hub.errors import DataHubError, TryAgainError
from data_hub.sql_views.base_table import BaseTable
from data_hub.sql_views.row_views import unified_view
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.sql_views.view_parameters import CHECK, FINGERPRINT, NOTE, PIPELINE
from data_hub.sql_views.view_publication import ViewPublication

DEFINER = "arn:aws:iam::123456789012:role/view-definer"
ARN = "arn:aws:glue:us-east-1:123456789012:table/hub/things_staging"
LOOK = {"DatabaseName": "hub", "Name": "things_view", "IncludeStatusDetails": True}


def define(*columns: str) -> ViewDefinition:
    return unified_view(BaseTable("hub", "things_staging", ARN, {name: exp.DataType.build("text") for name in columns}))


def publication(client: Any, wait_seconds: float = 30) -> ViewPublication:
    return ViewPublication(client, "hub", DEFINER, "things", wait_seconds=wait_seconds, poll_seconds=0)


def published(view: ViewDefinition) -> dict[str, Any]:
    """The view as GetTable describes it."""
    table_input: dict[str, Any] = dict(publication(None).table_input(view))
    return {
        name: table_input[name] for name in ("Name", "TableType", "Parameters", "StorageDescriptor", "ViewDefinition")
    }


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
        self.answers(published(view) | ({"Status": status} if status else {}))

    def answers(self, table: dict[str, Any]) -> None:
        self.script.add_response("get_table", {"Table": table}, LOOK)

    def takes(self, operation: str, **parameters: Any) -> None:
        self.script.add_response(operation, {}, {"DatabaseName": "hub", **parameters})

    def publish(self, view: ViewDefinition, wait_seconds: float = 30) -> str:
        return publication(self.client, wait_seconds).publish(view)


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
            "Parameters": {PIPELINE: "things", FINGERPRINT: ANY},
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
    glue.answers({"Name": "things_view", "TableType": "EXTERNAL_TABLE"})
    with pytest.raises(DataHubError, match="database hub has a table of that name"):
        glue.publish(define("a"))


def test_a_view_that_somebody_made_by_hand_is_not_touched(glue: Glue) -> None:
    glue.answers({"Name": "things_view", "TableType": "VIRTUAL_VIEW"})
    with pytest.raises(DataHubError, match="was not made by a pipeline; rename or drop it"):
        glue.publish(define("a"))


def test_a_view_of_another_pipeline_is_not_touched(glue: Glue) -> None:
    of_another = published(define("a"))
    of_another["Parameters"] = {**of_another["Parameters"], PIPELINE: "others"}
    glue.answers(of_another)
    with pytest.raises(DataHubError, match="pipeline others has published a view of that name"):
        glue.publish(define("a"))


@pytest.mark.parametrize("dialect", [0, 1])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_view_whose_dialect_is_stale_or_gone_is_replaced(glue: Glue, dialect: int, *, is_there: bool) -> None:
    altered = published(define("a"))
    texts = [dict(text) for text in altered["ViewDefinition"]["Representations"]]
    texts[dialect]["IsStale"] = True
    altered["ViewDefinition"] = {"Representations": texts if is_there else [texts[1 - dialect]]}
    glue.answers(altered)
    glue.takes("update_table", TableInput=ANY, ViewUpdateAction="REPLACE", Force=True)
    glue.shows(define("a"))
    assert glue.publish(define("a")) == "replaced"


def test_a_view_over_a_limit_is_refused_before_any_call(glue: Glue) -> None:
    with pytest.raises(DataHubError, match=r"things_view cannot be published: 2,501 columns, at most 2,500 are taken"):
        glue.publish(define(*(f"column_{number}" for number in range(2_501))))
    many = replace(define("a"), tables=define("a").tables * 11)
    with pytest.raises(DataHubError, match="11 tables, at most 10 are taken"):
        glue.publish(many)
    long = replace(define("a"), query=exp.select(exp.alias_(exp.Literal.string("x" * 500_000), "a")))
    with pytest.raises(DataHubError, match=r"characters of text for SPARK, at most 409,600.*bytes of text for ATHENA"):
        glue.publish(long)


def test_the_verdict_of_the_check_is_kept_once(glue: Glue) -> None:
    checked = published(define("a"))
    checked["Parameters"] = {**checked["Parameters"], CHECK: "passed"}
    glue.shows(define("a"))
    glue.takes(
        "update_table",
        TableInput={**publication(None).table_input(define("a")), "Parameters": checked["Parameters"]},
        ViewUpdateAction="REPLACE",
        Force=True,
    )
    glue.answers(checked)
    glue.answers(checked)
    publication(glue.client).note_check(define("a"), "passed")
    publication(glue.client).note_check(define("a"), "passed")


def test_the_verdict_of_an_older_definition_does_not_put_that_back(glue: Glue) -> None:
    glue.shows(define("a", "b"))
    with pytest.raises(TryAgainError, match="things_view was published by somebody else at the same time"):
        publication(glue.client).note_check(define("a"), "passed")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidInputException", DataHubError),
        ("AccessDeniedException", DataHubError),
        ("ThrottlingException", TryAgainError),
    ],
)
def test_what_glue_refuses_at_once_names_the_view(glue: Glue, code: str, error: type[Exception]) -> None:
    glue.shows(None)
    glue.script.add_client_error("create_table", code, "not so")
    with pytest.raises(error, match=rf"view things_view.*{code}"):
        glue.publish(define("a"))


def test_what_a_view_leaves_out_stands_in_its_parameters_and_makes_it_another() -> None:
    plain, noted = (publication(None).table_input(view) for view in (define("a"), replace(define("a"), note="n")))
    assert noted["Parameters"][NOTE] == "n"
    assert noted["Parameters"][FINGERPRINT] != plain["Parameters"][FINGERPRINT]


def test_an_update_whose_answer_was_lost_is_looked_at_and_not_called_refused(glue: Glue) -> None:
    glue.shows(define("a"))
    glue.script.add_client_error("update_table", "ConcurrentModificationException")
    glue.shows(define("a"), Action="UPDATE", State="IN_PROGRESS")
    glue.shows(define("a", "b"), Action="UPDATE", State="SUCCESS")
    assert glue.publish(define("a", "b")) == "replaced"


def test_a_failure_of_yesterday_is_not_the_answer_of_today(glue: Glue) -> None:
    failed = {"Action": "UPDATE", "State": "FAILED", "RequestTime": datetime(2026, 1, 1, tzinfo=UTC)}
    glue.shows(define("a"), **failed)
    glue.takes("update_table", TableInput=ANY, ViewUpdateAction="REPLACE", Force=True)
    glue.shows(define("a"), **failed)
    glue.shows(define("a", "b"), Action="UPDATE", State="SUCCESS", RequestTime=datetime(2026, 1, 2, tzinfo=UTC))
    assert glue.publish(define("a", "b")) == "replaced"
