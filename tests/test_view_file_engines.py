"""View files on real engines: the text for Spark on Spark gives the rows that Athena's gives on DuckDB."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from duckdb_athena import DuckdbAthena
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from spark_lake import SparkWarehouse
from view_queries import ROWS, SCHEMAS, TABLES, queries

from data_hub.sql_views.dialects import ATHENA, SPARK
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.view_files.view_file import ViewFile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:distutils Version classes"),
]
Content = dict[str, list[dict[str, Any]]]
_SPARK_TYPES = {"string": "string", "int64": "bigint", "date32[day]": "date", "bool": "boolean"}


@pytest.fixture(scope="module")
def session(spark: SparkWarehouse) -> Iterator[Any]:
    spark.session.conf.set("spark.sql.session.timeZone", "UTC")
    yield spark.session
    spark.session.conf.unset("spark.sql.session.timeZone")


def definition_of(query: str) -> ViewDefinition:
    return ViewFile.parse("trial_view.sql", f"-- A trial.\n{query}\n").definition(TABLES)


def on_spark(session: Any, view: ViewDefinition, content: Content) -> list[tuple[Any, ...]]:
    for name, schema in SCHEMAS.items():
        types = ", ".join(f"{field.name} {_spark_type(field.type)}" for field in schema)
        rows = [tuple(row[field.name] for field in schema) for row in content[name]]
        session.createDataFrame(rows, types).createOrReplaceTempView(name)
    found = session.sql(SPARK.text(view.query).replace("`hub`.", ""))
    assert {field.name: field.dataType.simpleString() for field in found.schema} == view.columns
    return in_order([tuple(map(_without_zone, row)) for row in found.collect()])


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return "timestamp" if pa.types.is_timestamp(kind) else _SPARK_TYPES[str(kind)]


def _without_zone(value: Any) -> Any:
    # Spark shows a point in time in the zone of this machine.
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def on_duckdb(view: ViewDefinition, content: Content) -> list[tuple[Any, ...]]:
    tables = {name: pa.Table.from_pylist(content[name], schema=schema) for name, schema in SCHEMAS.items()}
    with DuckdbAthena.of("hub", tables) as athena:
        return in_order(athena.query(view.texts[ATHENA]).fetchall())


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


# Spark takes half a second for a query: looking for a smaller example would outlast the time that a test has.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(content=st.fixed_dictionaries(ROWS), several=st.lists(queries, min_size=3, max_size=3))
def test_any_query_of_the_subset_gives_the_same_rows(session: Any, content: Content, several: list[str]) -> None:
    for query in several:
        view = definition_of(query)
        assert on_spark(session, view, content) == on_duckdb(view, content), query


EMPTY = {"aod": None, "rssdid": None, "sent": None, "item": None, "value": None, "ok": None, "amount": None, "line": 1}
TEXTS = ["5", "-1.50", "00.10", "1.005", " 7", "7\n", "1e3", "+3", ".5", "1.", "NaN", "٣", "", "9" * 39, None]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT value, RANK() OVER (ORDER BY line, value) AS n FROM rows WHERE value IS NULL OR value = ''",
            [("", 1), (None, 2)],
        ),
        (
            "SELECT value, RANK() OVER (ORDER BY value NULLS FIRST) AS n FROM rows WHERE value = '' OR value IS NULL",
            [("", 2), (None, 1)],
        ),
        (
            "SELECT value, TRY_CAST(value AS decimal(5, 2)) AS n FROM rows WHERE TRY_CAST(value AS decimal(5, 2)) > -9",
            [("-1.50", Decimal("-1.50")), ("00.10", Decimal("0.10")), ("5", Decimal("5.00"))],
        ),
        ("SELECT TRY_CAST(value AS bigint) AS n FROM rows WHERE TRY_CAST(value AS bigint) IS NOT NULL", [(5,)]),
        (
            "SELECT TRY_CAST(0.005 AS decimal(3, 2)) AS a, TRY_CAST(-0.005 AS decimal(3, 2)) AS b, "
            "TRY_CAST(99.995 AS decimal(4, 2)) AS c FROM other",
            [(Decimal("0.01"), Decimal("-0.01"), None)],
        ),
        (
            "SELECT r.line, o.name FROM rows r FULL JOIN other o ON r.rssdid = o.rssdid WHERE o.name = 'x'",
            [(None, "x")],
        ),
        ("SELECT COUNT(*) AS n FROM rows WHERE value LIKE '%_' AND value NOT LIKE '_%.%'", [(9,)]),
        ("SELECT MAX(value) AS a, MIN(value) AS b FROM rows", [("٣", "")]),
    ],
)
def test_chosen_queries_give_the_rows_that_they_should(
    session: Any, query: str, expected: list[tuple[Any, ...]]
) -> None:
    content = {
        "rows": [EMPTY | {"value": value} for value in TEXTS],
        "other": [{"rssdid": 1, "name": "x", "rate": Decimal("0.5")}],
    }
    view = definition_of(query)
    assert on_spark(session, view, content) == on_duckdb(view, content) == in_order(expected)
