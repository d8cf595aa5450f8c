"""Spark's text, Athena's text and docs/views.md say the same, whatever the table holds."""

from collections.abc import Iterator
from random import Random
from typing import Any

import expected_views
import pytest
from collections_pipeline import PIPELINE
from expected_views import Expected
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from spark_lake import SparkWarehouse
from view_engines import ViewedTable, in_numbers
from view_rows import PATTERNS, SCHEMA, whole_table

from data_hub.sql_views import view_definition
from data_hub.sql_views.view_definition import MAX_COLUMNS, ViewDefinition
from data_hub.sql_views.view_definitions import DefinedViews, define_table_views

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:distutils Version classes"),
]

GLUE_TYPES = {"string": "string", "int64": "bigint", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp"}
TYPES = {field.name: GLUE_TYPES[str(field.type)] for field in SCHEMA}
TYPED = PIPELINE.model_copy(update={"table": PIPELINE.table.model_copy(update={"report": PATTERNS})})


@pytest.fixture
def time_zone(spark: SparkWarehouse, request: pytest.FixtureRequest) -> Iterator[str]:
    zone: str = getattr(request, "param", "UTC")
    name = "spark.sql.session.timeZone"
    before = spark.session.conf.get(name)
    spark.session.conf.set(name, zone)
    yield zone
    spark.session.conf.set(name, before or "UTC")


def define(viewed: ViewedTable, max_columns: int = MAX_COLUMNS) -> DefinedViews:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view_definition, "MAX_COLUMNS", max_columns)
        defined = define_table_views(TYPED, viewed.base, viewed.table)
        assert not [problem for view in defined.views for problem in view.problems()]
    return defined


def expect(rows: list[dict[str, Any]]) -> dict[str, Expected]:
    row_views = {
        "collections_data_view": expected_views.unified(rows, TYPES),
        "collections_data_current_view": expected_views.current(rows, TYPES),
    }
    return row_views | expected_views.reports(rows, TYPES, PATTERNS)


def cut(expected: Expected, view: ViewDefinition) -> Expected:
    """The expected view, or the columns of it that a part of it has."""
    places = [list(expected.types).index(name) for name in view.columns]
    types = {name: expected.types[name] for name in view.columns}
    return Expected(types, [tuple(row[place] for place in places) for row in expected.rows])


def whole_name(view: str) -> str:
    head, _, number = view.removesuffix("_view").rpartition("_report_")
    return f"{head}_report_view" if number.isdigit() else view


def assert_agreement(viewed: ViewedTable, views: list[ViewDefinition], expected: dict[str, Expected]) -> None:
    for view, of_athena, verdict in viewed.on_duckdb(views):
        of_spark, of_rows = viewed.on_spark(view), cut(expected[whole_name(view.name)], view)
        assert list(of_athena.types.items()) == list(of_spark.types.items()) == list(view.columns.items())
        assert view.columns == of_rows.types, view.name
        wanted = in_numbers(of_rows.rows)
        for engine, answer in (("Athena", of_athena), ("Spark", of_spark)):
            shown = in_numbers(answer.rows)
            different = [pair for pair in zip(shown, wanted, strict=False) if pair[0] != pair[1]]
            assert (len(shown), different[:3]) == (len(wanted), []), f"{engine}, {view.name}"
        assert verdict == "passed"


def assert_parts_are_whole(views: list[ViewDefinition], expected: dict[str, Expected]) -> None:
    parts: dict[str, list[ViewDefinition]] = {}
    for view in views:
        parts.setdefault(whole_name(view.name), []).insert(0, view)
    assert parts.keys() == expected.keys()
    for name, of_view in parts.items():
        keys = [column for column in of_view[0].columns if all(column in part.columns for part in of_view)]
        columns = [column for part in of_view for column in part.columns if part is of_view[0] or column not in keys]
        assert columns == list(expected[name].types)
        numbers = ["", *(f"{number}_" for number in range(2, len(of_view) + 1))]
        assert [part.name for part in of_view] == [name.replace("_report_", f"_report_{each}") for each in numbers] or (
            len(of_view) == 1
        )


@pytest.mark.parametrize("max_columns", [15, MAX_COLUMNS], ids=["split", "whole"])
@settings(
    max_examples=2,
    deadline=None,
    # A smaller table is not worth the minutes that it takes to be found.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(random=st.randoms(use_true_random=True))
def test_both_texts_give_the_documented_rows_of_any_table(
    random: Random, max_columns: int, spark: SparkWarehouse, time_zone: str
) -> None:
    rows = whole_table(random, 600)
    expected = expect(rows)
    with ViewedTable.write(spark, rows, SCHEMA) as viewed:
        defined = define(viewed, max_columns)
        assert_parts_are_whole(defined.views, expected)
        assert any("_report_2_view" in view.name for view in defined.views) == (max_columns == 15)
        assert_agreement(viewed, defined.views, expected)


@pytest.mark.parametrize("time_zone", ["Europe/Berlin"], indirect=True)
def test_in_another_time_zone_spark_shows_the_same_moments(spark: SparkWarehouse, time_zone: str) -> None:
    rows = whole_table(Random(1), 100)  # noqa: S311
    with ViewedTable.write(spark, rows, SCHEMA) as viewed:
        assert_agreement(viewed, define(viewed).views, expect(rows))


def test_values_without_a_place_are_counted_and_stay_in_the_unified_view(spark: SparkWarehouse) -> None:
    rows = whole_table(Random(2), 0)  # noqa: S311
    with ViewedTable.write(spark, rows, SCHEMA) as viewed:
        defined = define(viewed)
        unified = next(answer for _, answer, _ in viewed.on_duckdb(defined.views))
    reported = [row for row in rows if row["seriesid"] == "FRY9C"]
    lost = expected_views.misfits(reported, dict.fromkeys(SCHEMA.names, ""), PATTERNS)
    assert lost > 100
    told = defined.misfits["fry9c_report_view"]
    assert told.startswith(f"{lost:,} reported values do not fit their columns' types, e.g. ")
    item = told.removeprefix(f"{lost:,} reported values do not fit their columns' types, e.g. ").split()[0]
    assert item in {row[4] for row in unified.rows}
