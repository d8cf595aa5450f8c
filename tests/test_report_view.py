from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from duckdb_athena import DuckdbAthena
from hypothesis import given, settings
from hypothesis import strategies as st
from report_rows import BASE, SCHEMA, report_row
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.sql_views import dialects, view_definition
from data_hub.sql_views.dialects import ATHENA, DIALECTS, Dialect
from data_hub.sql_views.report_types import ReportTypes
from data_hub.sql_views.report_view import report_view_name, report_views
from data_hub.sql_views.row_views import current_view, unified_view
from data_hub.sql_views.series_content import SeriesContent
from data_hub.sql_views.view_definition import ViewDefinition

KEYS = ("aod", "rssdid", "submission_ts")
CONTEXT = "context_level1_value"


def fry9c(*items: str, contexts: tuple[str, ...] = ()) -> SeriesContent:
    return SeriesContent("FRY9C", items, contexts)


def report_view(content: SeriesContent, report: dict[str, str] | None = None) -> ViewDefinition:
    [view] = report_views(BASE, content, ReportTypes(report or {}))
    return view


def run_on_duckdb(view: ViewDefinition, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with DuckdbAthena.of("hub", {BASE.name: pa.Table.from_pylist(rows, schema=SCHEMA)}) as athena:
        answer: list[dict[str, Any]] = athena.query(view.texts[ATHENA]).to_arrow_table().to_pylist()
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
    view = report_view(fry9c("BHCK2170", "TEXT0001", contexts=(CONTEXT,)))
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
    [report] = run_on_duckdb(report_view(fry9c("BHCK2170")), rows[:: -1 if later_first else 1])
    assert report["bhck2170"] == "new"


def test_an_earlier_value_does_not_shine_through_a_later_empty_one() -> None:
    rows = [report_row(item_value="old"), report_row(item_value=None, source_line=3)]
    [report] = run_on_duckdb(report_view(fry9c("BHCK2170")), rows)
    assert report["bhck2170"] is None


def test_a_correction_is_a_further_row() -> None:
    corrected = report_row(item_value="715291", submission_ts=report_row()["submission_ts"] + timedelta(days=42))
    reports = run_on_duckdb(report_view(fry9c("BHCK2170")), [report_row(), corrected])
    assert sorted(report["bhck2170"] for report in reports) == ["702118", "715291"]


def test_the_unified_view_has_every_row_and_column_as_they_are() -> None:
    rows = [report_row(), report_row(), report_row(item_value="a'b\\c", seriesid="FRY15")]
    shown = run_on_duckdb(unified_view(BASE), rows)
    utc = ("submission_ts", "ingested_at")
    assert in_order(shown) == in_order([row | {name: row[name].replace(tzinfo=None) for name in utc} for row in rows])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_texts_name_their_columns_and_quote_every_identifier(dialect: Dialect) -> None:
    for view in (unified_view(BASE), current_view(BASE), report_view(fry9c("BHCK2170", contexts=(CONTEXT,)))):
        [statement] = sqlglot.parse(dialect.text(view.query), dialect=dialect.sqlglot_name)
        assert isinstance(statement, exp.Select)
        assert statement.named_selects == list(view.columns)
        assert all(identifier.args["quoted"] for identifier in statement.find_all(exp.Identifier))
        assert statement.find(exp.Star) is None


def test_columns_and_types_are_derived() -> None:
    view = report_view(fry9c("BHCK2170", contexts=(CONTEXT,)))
    assert view.columns == {
        "aod": "date",
        "rssdid": "bigint",
        "submission_ts": "timestamp",
        CONTEXT: "string",
        "bhck2170": "string",
    }
    assert unified_view(BASE).columns["ingested_at"] == "timestamp"


def test_a_time_zone_is_refused_in_a_view() -> None:
    view = ViewDefinition("v", "", exp.select("submission_ts").from_(BASE.relation), (BASE,))
    with pytest.raises(DataHubError, match=r"submission_ts has type .*cast it.*timestamp\(6\)"):
        _ = view.columns


def test_a_query_that_does_not_fit_the_table_is_refused() -> None:
    view = ViewDefinition("v", "", exp.select("nonsense").from_(BASE.relation), (BASE,))
    with pytest.raises(DataHubError, match=r"View v does not fit table collections_data_staging.*nonsense"):
        _ = view.columns


def test_item_codes_that_make_no_distinct_column_are_left_out_and_named() -> None:
    hostile = ("'; DROP", "", "1ABC", "A-B", "BHCK2170", "Ä1", "aod", "a`b", "bhck2170", "x" * 10_000)
    view = report_view(fry9c(*hostile))
    assert list(view.columns) == [*KEYS, "bhck2170"]
    assert all(item in view.note for item in hostile if item != "BHCK2170" and len(item) < 60)
    assert "x" * 57 + "..." not in view.note  # shortened with its quote
    assert len(view.note) < 400


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("decimal(38,6)", "702118", Decimal(702118)),
        ("decimal(38,6)", "-0.5", Decimal("-0.5")),
        ("decimal(38,6)", "9" * 32, Decimal("9" * 32)),
        ("decimal(38,6)", "9" * 33, None),
        ("decimal(38,6)", "1.1234567", None),
        ("decimal(4,0)", "1.5", None),
        ("decimal(2,2)", "0.99", Decimal("0.99")),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("bigint", "9223372036854775808", None),
        ("bigint", "1.0", None),
        *[
            ("decimal(38,6)", text, None)
            for text in ("", " 1", "1 ", "1\n", "1e3", "1.", ".5", "+5", "١٢", "NaN", "1,000")
        ],
        ("string", " 1e3 ", " 1e3 "),
    ],
)
def test_a_value_is_what_its_type_holds_exactly_or_nothing(type_name: str, text: str, value: Any) -> None:
    view = report_view(fry9c("BHCK2170"), {"*": type_name})
    [report] = run_on_duckdb(view, [report_row(item_value=text)])
    assert report["bhck2170"] == value
    assert view.columns["bhck2170"] == type_name


def test_the_first_pattern_that_fits_an_item_gives_its_type() -> None:
    types = ReportTypes({"text*": "string", "BHCK21*0": "bigint", "B*": "decimal(38,6)"})
    items = ("BHCK2170", "bhck2171", "TEXT0001", "RSSD9001")
    assert [types.of(item) for item in items] == ["bigint", "decimal(38,6)", "string", "string"]


def test_a_contract_that_types_the_values_itself_needs_no_report_types() -> None:
    columns = {**BASE.columns, "item_value": exp.DataType.build("decimal(20,2)")}
    base = replace(BASE, columns=columns)
    [view] = report_views(base, fry9c("BHCK2170"), ReportTypes({"*": "bigint"}))
    assert view.columns["bhck2170"] == "decimal(20,2)"


def test_a_report_over_a_limit_is_split_into_parts_that_have_all_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_definition, "MAX_COLUMNS", 6)
    items = tuple(f"BHCK{number:04}" for number in range(10))
    parts = report_views(BASE, fry9c(*items), ReportTypes({}))
    assert [part.name for part in parts] == [f"fry9c_report{number}_view" for number in ("", "_2", "_3", "_4")]
    assert [column for part in parts for column in list(part.columns)[3:]] == [item.lower() for item in items]
    assert all(list(part.columns)[:3] == list(KEYS) and not part.problems() for part in parts)
    assert parts[1].note == "part 2 of 4: a single view would be over a limit"
    assert "Part 2 of 4: 3 items." in parts[1].description
    rows = [report_row(item_mdrm=item, item_value=item) for item in items]
    shown = [run_on_duckdb(part, rows)[0] for part in parts]
    assert [value for row in shown for value in list(row.values())[3:]] == list(items)


def test_texts_over_the_limits_of_glue_and_athena_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    items = tuple(f"BHCK{number:04}" for number in range(40))
    [whole] = report_views(BASE, fry9c(*items), ReportTypes({}))
    monkeypatch.setattr(dialects, "MAX_CHARACTERS", len(whole.texts[dialects.SPARK]) - 1)
    assert len(report_views(BASE, fry9c(*items), ReportTypes({}))) == 2


def test_the_widest_known_report_is_one_view() -> None:
    items = tuple(f"BHCK{number:04}" for number in range(2_200))
    [view] = report_views(BASE, fry9c(*items), ReportTypes({"*": "decimal(38,6)"}))
    assert len(view.columns) == 2_203


def test_the_current_view_has_the_latest_submission_of_each_item() -> None:
    later = report_row()["submission_ts"] + timedelta(days=42)
    rows = [
        report_row(item_value="corrected once"),
        report_row(item_value="corrected", submission_ts=later, ingest_ts=1),
        report_row(item_value="again", submission_ts=later, ingest_ts=2),
        report_row(item_value="only in the first", item_mdrm="TEXT0001"),
        report_row(item_value="another context", context_level1_value="1"),
        report_row(item_value="another series", seriesid="FRY15"),
    ]
    shown = run_on_duckdb(current_view(BASE), rows)
    values = {row["item_value"] for row in shown}
    assert values == {"again", "only in the first", "another context", "another series"}
    assert list(shown[0]) == list(unified_view(BASE).columns) == list(current_view(BASE).columns)


@pytest.mark.parametrize("series", ["", "FR 9", "9FR", "x;--", "a`b", "É", "x" * 237, "FR\n", "x" * 10_000], ids=repr)
def test_a_series_that_makes_no_name_is_refused(series: str) -> None:
    with pytest.raises(DataHubError, match="gets no report view"):
        report_view_name(series)


def test_view_names() -> None:
    assert report_view_name("FR2004A") == "fr2004a_report_view"
    assert report_view_name("FR2004A", part=2) == "fr2004a_report_2_view"
    assert current_view(BASE).name == "collections_data_current_view"
    assert unified_view(BASE).name == "collections_data_view"
