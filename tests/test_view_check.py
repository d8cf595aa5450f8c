"""Checks of published views: the query runs on DuckDB, Athena's own answers are scripted."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from duckdb_athena import DuckdbAthena
from report_rows import BASE, SCHEMA, report_row
from stubbed_calls import RefusedError, StubbedCalls

from data_hub.errors import DataHubError
from data_hub.sql_views import view_check
from data_hub.sql_views.athena_workgroup import AthenaWorkgroup
from data_hub.sql_views.dialects import ATHENA
from data_hub.sql_views.report_types import ReportTypes
from data_hub.sql_views.report_view import report_views
from data_hub.sql_views.row_views import current_view, unified_view
from data_hub.sql_views.series_content import SeriesContent
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.view_files.view_file import ViewFile

ROWS = [
    report_row(),
    report_row(item_value="again", source_line=3),
    report_row(rssdid=7),
    report_row(rssdid=7, context_level1_value="1"),
    report_row(aod=date(2025, 9, 30), source_file="b.csv"),
    report_row(seriesid="FRY15", source_file="b.csv"),
]
[REPORT] = report_views(
    BASE, SeriesContent("FRY9C", ("BHCK2170",), ("context_level1_value",)), ReportTypes({"*": "decimal(38,6)"})
)
OF_A_FILE = ViewFile.parse("ids_view.sql", "-- Ids.\nSELECT DISTINCT rssdid FROM collections_data_staging").definition(
    {BASE.name: BASE}
)
VIEWS = {view.name: view for view in (unified_view(BASE), current_view(BASE), REPORT, OF_A_FILE)}


class Workgroup(AthenaWorkgroup):
    """Answers by DuckDB, on the table and a view whose text may be another one than it should be."""

    def __init__(self, view: ViewDefinition, text: str | None = None) -> None:
        super().__init__(None, "none", "hub")  # type: ignore[arg-type]
        self.__dict__.update(view=view, text=text or "SELECT * FROM hub.right_one")

    def first_row(self, sql: str) -> list[str | None]:
        view: ViewDefinition = self.__dict__["view"]
        with DuckdbAthena.of("hub", {BASE.name: pa.Table.from_pylist(ROWS, schema=SCHEMA)}) as athena:
            athena.add_view("right_one", view.texts[ATHENA])
            # What it shows may be written in DuckDB's SQL.
            athena.connection.execute(f"CREATE VIEW hub.{view.name} AS {self.__dict__['text']}")
            [answer] = athena.query(sql).fetchall()
        return [None if value is None else str(value) for value in answer]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_that_shows_what_the_table_holds_passes(name: str) -> None:
    found = view_check.check(Workgroup(VIEWS[name]), VIEWS[name])
    assert found.verdict == "passed"
    assert found.error(VIEWS[name]) == ""
    assert found.rows == {"collections_data_view": 6, "collections_data_current_view": 5, "ids_view": 2}.get(name, 4)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM hub.right_one LIMIT 1",
        "SELECT * FROM hub.right_one UNION ALL (SELECT * FROM hub.right_one LIMIT 1)",
        "SELECT * FROM hub.right_one WHERE false",
    ],
    ids=["rows missing", "row twice", "empty"],
)
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_with_other_rows_fails(name: str, text: str) -> None:
    found = view_check.check(Workgroup(VIEWS[name], text), VIEWS[name])
    assert found.verdict.startswith(f"failed: it has {found.rows:,} row")
    assert found.error(VIEWS[name]) == f"View {name}: check {found.verdict}"


def test_the_same_number_of_rows_with_other_keys_fails() -> None:
    text = "SELECT * REPLACE (rssdid + 1 AS rssdid) FROM hub.right_one"
    assert view_check.check(Workgroup(REPORT, text), REPORT).verdict == (
        "failed: it has 4 rows where the table has 4; by aod, rssdid, submission_ts, context_level1_value, 4 groups of "
        "the table and 4 groups of the view have no equal"
    )


def athena(*states: str, **answers: Any) -> StubbedCalls:
    remaining = list(states)

    def look(_: dict[str, Any]) -> dict[str, Any]:
        state = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        return {"QueryExecution": {"Status": {"State": state, "StateChangeReason": "Insufficient permissions"}}}

    rows = [{"Data": [{"VarCharValue": name} for name in ("a", "b")]}, {"Data": [{"VarCharValue": "1"}, {}]}]
    return StubbedCalls(
        "athena",
        StartQueryExecution=answers.get("start", lambda _: {"QueryExecutionId": "q1"}),
        GetQueryExecution=look,
        StopQueryExecution=lambda _: {},
        GetQueryResults=lambda _: {"ResultSet": {"Rows": rows}},
    )


def ask(calls: StubbedCalls, wait_seconds: float = 30) -> list[str | None]:
    return AthenaWorkgroup(calls.client, "hub", "data_hub", wait_seconds).first_row("SELECT 1")


def test_an_answer_is_waited_for() -> None:
    calls = athena("QUEUED", "RUNNING", "SUCCEEDED")
    assert ask(calls) == ["1", None]
    [asked] = calls.named("StartQueryExecution")
    assert asked["QueryString"] == "SELECT 1"
    assert asked["QueryExecutionContext"] == {"Database": "data_hub"}
    assert asked["WorkGroup"] == "hub"


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_what_athena_refuses_is_an_error_with_its_reason(state: str) -> None:
    with pytest.raises(DataHubError, match=f"q1 {state}: Insufficient permissions"):
        ask(athena(state))


def test_an_answer_that_does_not_come_is_an_error() -> None:
    calls = athena("RUNNING")
    with pytest.raises(DataHubError, match="has not answered query q1 after 0 seconds, it was stopped"):
        ask(calls, wait_seconds=0)
    assert calls.named("StopQueryExecution") == [{"QueryExecutionId": "q1"}]


def test_a_query_that_may_not_be_started_is_an_error() -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError("AccessDeniedException")

    with pytest.raises(DataHubError, match=r"refuses the query in workgroup hub: .*AccessDeniedException"):
        ask(athena("SUCCEEDED", start=refuse))
