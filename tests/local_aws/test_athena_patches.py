"""Why Athena's calls are patched, and what a query through them gives.

A ``vanilla`` case that fails says that moto has learnt it: drop the patch.
"""

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from moto_trials import client, outcomes
from report_rows import Reports, report_row

from data_hub.sql_views.views import create_views

if TYPE_CHECKING:
    from local_aws.process import LocalAws

SECONDS = 60.0


def ended(athena: Any, query: str) -> dict[str, Any]:
    """Wait until a query has ended; return its status."""
    deadline = time.monotonic() + SECONDS
    while True:
        status: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            return status
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rows(page: dict[str, Any]) -> list[list[str | None]]:
    return [[value.get("VarCharValue") for value in row["Data"]] for row in page["ResultSet"]["Rows"]]


@outcomes(vanilla=[], patched=[["n"], ["1"]])
def test_a_query_has_rows(glue: Any, outcome: list[list[str]]) -> None:
    athena = client("athena")
    query = athena.start_query_execution(QueryString="SELECT 1 AS n")["QueryExecutionId"]
    assert ended(athena, query)["State"] == "SUCCEEDED"
    assert rows(athena.get_query_results(QueryExecutionId=query)) == outcome


@outcomes(vanilla="SUCCEEDED", patched="FAILED")
def test_a_query_that_is_wrong_fails(glue: Any, outcome: str) -> None:
    athena = client("athena")
    query = athena.start_query_execution(QueryString="SELECT nonsense")["QueryExecutionId"]
    assert ended(athena, query)["State"] == outcome


Ask = Callable[[str], tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def reports(aws: "LocalAws") -> Reports:
    reports = Reports.deploy(aws)
    reports.add(report_row(), report_row(rssdid=7, item_value=""), report_row(rssdid=8, item_value=None))
    create_views(reports.pipeline, reports.deployment)
    return reports


@pytest.fixture
def ask(aws: "LocalAws", reports: Reports) -> Ask:
    athena = aws.client("athena")

    def ask(sql: str) -> tuple[str, dict[str, Any]]:
        context = {"Database": reports.deployment.database}
        query = athena.start_query_execution(QueryString=sql, QueryExecutionContext=context)["QueryExecutionId"]
        return query, ended(athena, query)

    return ask


def test_values_are_texts_as_athena_writes_them(aws: "LocalAws", ask: Ask) -> None:
    query, status = ask(
        "SELECT bhck2170, aod, submission_ts, rssdid, rssdid = 7 AS seven, CAST('1.50' AS decimal(38, 6)) AS d, "
        "CAST(0.5 AS double) AS f, CAST('Infinity' AS double) AS i, X'00ff' AS b, ARRAY[1, NULL] AS l "
        "FROM fry9c_report_view ORDER BY rssdid"
    )
    assert status["State"] == "SUCCEEDED", status
    assert "StateChangeReason" not in status
    answer = aws.client("athena").get_query_results(QueryExecutionId=query)
    same = ["1.500000", "0.5", "Infinity", "00 ff", "[1, null]"]
    day = ["2025-12-31", "2026-02-01 12:00:00.000000"]
    assert rows(answer) == [
        ["bhck2170", "aod", "submission_ts", "rssdid", "seven", "d", "f", "i", "b", "l"],
        ["", *day, "7", "true", *same],
        [None, *day, "8", "false", *same],
        ["702118", *day, "1234567", "false", *same],
    ]
    assert answer["ResultSet"]["Rows"][2]["Data"][0] == {}
    types = [column["Type"] for column in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert types == [
        "varchar",
        "date",
        "timestamp",
        "bigint",
        "boolean",
        "decimal",
        "double",
        "double",
        "varbinary",
        "varchar",
    ]


def test_long_answers_come_in_pages(aws: "LocalAws", ask: Ask) -> None:
    query, _ = ask("SELECT * FROM UNNEST(sequence(1, 2500)) AS t (n)")
    pages = list(aws.client("athena").get_paginator("get_query_results").paginate(QueryExecutionId=query))
    assert [len(rows(page)) for page in pages] == [1000, 1000, 501]
    assert [row[0] for page in pages for row in rows(page)] == ["n", *map(str, range(1, 2501))]
    assert rows(aws.client("athena").get_query_results(QueryExecutionId=query, MaxResults=2)) == [["n"], ["1"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT nonsense FROM fry9c_report_view", "nonsense"),
        ("SELECT * FROM nowhere", "no table or view nowhere"),
        ("DROP TABLE fry9c_report_view", "DROP is refused"),
        ("SELECT 1/0 FROM (SELECT error('no')", "cannot be read"),
    ],
)
def test_a_query_that_fails_says_why(aws: "LocalAws", ask: Ask, sql: str, reason: str) -> None:
    query, status = ask(sql)
    assert (status["State"], reason in status["StateChangeReason"]) == ("FAILED", True)
    athena = aws.client("athena")
    with pytest.raises(athena.exceptions.InvalidRequestException, match="FAILED"):
        athena.get_query_results(QueryExecutionId=query)


def test_a_query_can_be_cancelled(aws: "LocalAws", ask: Ask) -> None:
    athena = aws.client("athena")
    sql = "SELECT count(*) FROM UNNEST(sequence(1, 30000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 30000)) AS b (y)"
    query = athena.start_query_execution(QueryString=sql)["QueryExecutionId"]
    athena.stop_query_execution(QueryExecutionId=query)
    assert ended(athena, query)["State"] == "CANCELLED"
    done, _ = ask("SELECT 1")
    athena.stop_query_execution(QueryExecutionId=done)
    assert ended(athena, done)["State"] == "SUCCEEDED"


def test_databases_are_those_of_the_catalogue(aws: "LocalAws") -> None:
    athena, name = aws.client("athena"), f"hub_{uuid.uuid4().hex}"
    context = {"Database": name}
    query = athena.start_query_execution(QueryString="SHOW TABLES", QueryExecutionContext=context)["QueryExecutionId"]
    assert f"Database {name} does not exist" in ended(athena, query)["StateChangeReason"]
