from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from report_rows import SCHEMA, report_row
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.sql_views.base_table import BaseTable
from data_hub.sql_views.dialects import ATHENA, DIALECTS, Dialect
from data_hub.sql_views.report_view import report_view, report_view_name
from data_hub.sql_views.series_content import SeriesContent
from data_hub.sql_views.view_definition import ViewDefinition, unified_view

SQL_TYPES = {"string": "text", "int64": "bigint", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamptz"}
BASE = BaseTable(
    database="hub",
    name="collections_data_staging",
    arn="arn:aws:glue:us-east-1:123456789012:table/hub/collections_data_staging",
    columns={field.name: exp.DataType.build(SQL_TYPES[str(field.type)]) for field in SCHEMA},
)
KEYS = ("aod", "rssdid", "submission_ts")
CONTEXT = "context_level1_value"


def fry9c(*items: str, contexts: tuple[str, ...] = ()) -> SeriesContent:
    return SeriesContent("FRY9C", items, contexts)


def run_on_duckdb(view: ViewDefinition, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA hub")
        connection.register("rows", pa.Table.from_pylist(rows, schema=SCHEMA))
        connection.execute("CREATE VIEW hub.collections_data_staging AS FROM rows")
        [text] = sqlglot.transpile(ATHENA.text(view.query), read="athena", write="duckdb")
        answer: list[dict[str, Any]] = connection.sql(text).to_arrow_table().to_pylist()
        return answer


def pivot(rows: list[dict[str, Any]], items: list[str]) -> list[dict[str, Any]]:
    """The report as a loop over the rows, in the order in which a later row wins."""
    reports: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["ingest_ts"], row["source_file"], row["source_line"])):
        if row["seriesid"] != "FRY9C":
            continue
        key = tuple(row[name] for name in (*KEYS, CONTEXT))
        empty = dict(zip((*KEYS, CONTEXT), key, strict=True)) | {item.lower(): None for item in items}
        report = reports.setdefault(key, empty | {"submission_ts": row["submission_ts"].replace(tzinfo=None)})
        report[row["item_mdrm"].lower()] = row["item_value"]
    return list(reports.values())


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)


report_rows = st.builds(
    report_row,
    seriesid=st.sampled_from(["FRY9C", "FRY9C", "FRY15"]),
    aod=st.sampled_from([date(2025, 9, 30), date(2025, 12, 31)]),
    rssdid=st.integers(1, 2),
    submission_ts=st.sampled_from([datetime(2026, 2, day, 1, 2, 3, tzinfo=UTC) for day in (1, 2)]),
    item_mdrm=st.sampled_from(["BHCK2170", "TEXT0001"]),
    item_value=st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)),
    context_level1_value=st.sampled_from([None, "1"]),
    ingest_ts=st.integers(1, 2),
    source_file=st.sampled_from(["a.csv", "B.csv", "é.csv"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(report_rows, max_size=20))
def test_the_athena_text_gives_the_rows_of_an_independent_pivot(rows: list[dict[str, Any]]) -> None:
    for line, row in enumerate(rows):
        row["source_line"] = line
    view = report_view(BASE, fry9c("BHCK2170", "TEXT0001", contexts=(CONTEXT,))).definition
    assert in_order(run_on_duckdb(view, rows)) == in_order(pivot(rows, ["BHCK2170", "TEXT0001"]))


@pytest.mark.parametrize(
    "later",
    [{"ingest_ts": 1770000001}, {"source_file": "z.csv"}, {"source_line": 10}],
    ids=lambda later: next(iter(later)),
)
@pytest.mark.parametrize("later_first", [True, False])
def test_of_duplicates_the_later_wins_in_whatever_order_they_are_stored(
    later: dict[str, Any], later_first: bool
) -> None:
    rows = [report_row(item_value="old"), report_row(item_value="new", **later)]
    [report] = run_on_duckdb(report_view(BASE, fry9c("BHCK2170")).definition, rows[:: -1 if later_first else 1])
    assert report["bhck2170"] == "new"


def test_an_earlier_value_does_not_shine_through_a_later_empty_one() -> None:
    rows = [report_row(item_value="old"), report_row(item_value=None, source_line=3)]
    [report] = run_on_duckdb(report_view(BASE, fry9c("BHCK2170")).definition, rows)
    assert report["bhck2170"] is None


def test_a_correction_is_a_further_row() -> None:
    corrected = report_row(item_value="715291", submission_ts=report_row()["submission_ts"] + timedelta(days=42))
    reports = run_on_duckdb(report_view(BASE, fry9c("BHCK2170")).definition, [report_row(), corrected])
    assert sorted(report["bhck2170"] for report in reports) == ["702118", "715291"]


def test_the_unified_view_has_every_row_and_column_as_they_are() -> None:
    rows = [report_row(), report_row(), report_row(item_value="a'b\\c", seriesid="FRY15")]
    shown = run_on_duckdb(unified_view(BASE), rows)
    utc = ("submission_ts", "ingested_at")
    assert in_order(shown) == in_order([row | {name: row[name].replace(tzinfo=None) for name in utc} for row in rows])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_texts_name_their_columns_and_quote_every_identifier(dialect: Dialect) -> None:
    for view in (unified_view(BASE), report_view(BASE, fry9c("BHCK2170", contexts=(CONTEXT,))).definition):
        [statement] = sqlglot.parse(dialect.text(view.query), dialect=dialect.sqlglot_name)
        assert isinstance(statement, exp.Select)
        assert statement.named_selects == list(view.columns)
        assert all(identifier.args["quoted"] for identifier in statement.find_all(exp.Identifier))
        assert statement.find(exp.Star) is None


def test_columns_and_types_are_derived() -> None:
    view = report_view(BASE, fry9c("BHCK2170", contexts=(CONTEXT,))).definition
    assert view.columns == {
        "aod": "date",
        "rssdid": "bigint",
        "submission_ts": "timestamp",
        CONTEXT: "string",
        "bhck2170": "string",
    }
    assert unified_view(BASE).columns["ingested_at"] == "timestamp"


def test_a_time_zone_is_refused_in_a_view() -> None:
    view = ViewDefinition("v", "", exp.select("submission_ts").from_(BASE.relation), BASE)
    with pytest.raises(DataHubError, match=r"submission_ts has type .*cast it.*timestamp\(6\)"):
        _ = view.columns


def test_a_query_that_does_not_fit_the_table_is_refused() -> None:
    view = ViewDefinition("v", "", exp.select("nonsense").from_(BASE.relation), BASE)
    with pytest.raises(DataHubError, match=r"View v does not fit table collections_data_staging.*nonsense"):
        _ = view.columns


def test_item_codes_that_make_no_distinct_column_are_left_out_and_named() -> None:
    hostile = ("'; DROP", "", "1ABC", "A-B", "BHCK2170", "Ä1", "aod", "bhck2170", "x" * 256)
    report = report_view(BASE, fry9c(*hostile))
    assert list(report.definition.columns) == [*KEYS, "bhck2170"]
    assert report.left_out == tuple(item for item in hostile if item != "BHCK2170")


@pytest.mark.parametrize("series", ["", "FR 9", "9FR", "x;--", "a`b", "É", "x" * 250, "FR\n"], ids=repr)
def test_a_series_that_makes_no_name_is_refused(series: str) -> None:
    with pytest.raises(DataHubError, match="gets no report view"):
        report_view_name(series)


def test_view_names() -> None:
    assert report_view_name("FR2004A") == "fr2004a_report_view"
    assert unified_view(BASE).name == "collections_data_view"
