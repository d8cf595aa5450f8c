"""What DuckDB reads of a table's files is what pyiceberg reads of the table."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType

from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.tables import with_ids
from local_aws.iceberg_dataset import open_rows

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from local_aws.process import LocalAws

SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("small", pa.int32()),
        ("text", pa.string()),
        ("amount", pa.decimal128(38, 6)),
        ("ratio", pa.float64()),
        ("is_new", pa.bool_()),
        ("aod", pa.date32()),
        ("seen", pa.timestamp("us", tz="UTC")),
        ("local", pa.timestamp("us")),
        ("raw", pa.binary()),
    ]
)
NOON = datetime(2026, 2, 1, 12, 0, 0, 123456, tzinfo=UTC)
FIRST: list[dict[str, Any]] = [
    {
        "n": 1,
        "small": -1,
        "text": "",
        "amount": Decimal("0.000001"),
        "ratio": float("nan"),
        "is_new": True,
        "aod": date(2025, 12, 31),
        "seen": NOON,
        "local": NOON.replace(tzinfo=None),
        "raw": b"\x00\xff",
    },
    {"n": 2, "text": "it's", "ratio": float("-inf"), "aod": date(1969, 12, 31)},
    {},
]
SECOND: list[dict[str, Any]] = [
    {"n": 7, "text": "x" * 100, "amount": Decimal("-12345678901234567890123456789012.5"), "ratio": 0.5},
    {"n": -7, "text": "Zürich \U0001f600", "is_new": False, "seen": datetime(1950, 1, 1, tzinfo=UTC)},
]
CONDITIONS = [
    "true",
    "n = 7",
    "n > 1 AND n < 100",
    "n IN (1, 7, 1000)",
    "n NOT IN (1)",
    "n IS NULL",
    "n IS NOT NULL",
    "NOT (n = 7)",
    "n = 7 OR text = ''",
    "text = ''",
    "text >= 'x'",
    "text LIKE 'xx%'",
    "text IS NULL",
    "text = 'x' || repeat('x', 99)",
    "amount = 0.000001",
    "amount < 0",
    "amount > -12345678901234567890123456789012.6",
    "ratio > 0",
    "ratio < 0",
    "ratio = 'nan'::DOUBLE",
    "ratio <> 0.5",
    "is_new",
    "NOT is_new",
    "is_new IS NULL",
    "aod = DATE '2025-12-31'",
    "aod < DATE '1970-01-01'",
    "seen = TIMESTAMPTZ '2026-02-01 12:00:00.123456+00'",
    "seen < TIMESTAMPTZ '2000-01-01 00:00:00+00'",
    "local > TIMESTAMP '2026-02-01 12:00:00.123455'",
    "CAST(seen AS DATE) = DATE '2026-02-01'",
    "raw = '\\x00\\xFF'::BLOB",
    "n = (SELECT max(n) FROM rows)",
    "rows.n IS NOT DISTINCT FROM NULL",
]


def make_table(schema: pa.Schema = SCHEMA, *parts: list[dict[str, Any]], **options: Any) -> Table:
    name = f"hub_{uuid.uuid4().hex}"
    catalog = open_catalog()
    catalog.create_namespace(name)
    table = catalog.create_table((name, "rows"), with_ids(schema), location=f"s3://iceberg-dataset/{name}", **options)
    for part in parts:
        table.append(pa.Table.from_pylist(part, schema=schema))
    return table


@pytest.fixture(scope="module")
def bucket(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="iceberg-dataset")


@pytest.fixture(scope="module")
def table(bucket: None) -> Table:
    return make_table(SCHEMA, FIRST, SECOND)


def answer(rows: object, condition: str) -> list[str]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", rows)
        return sorted(map(repr, connection.sql(f"SELECT * FROM rows WHERE {condition}").fetchall()))  # noqa: S608


def answer_in_memory(table: Table, condition: str) -> list[str]:
    """Ask DuckDB's own table, into which no filter is pushed."""
    rows = table.scan().to_arrow()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("arrow", rows)
        connection.execute("CREATE TABLE rows AS FROM arrow")
        return sorted(map(repr, connection.sql(f"SELECT * FROM rows WHERE {condition}").fetchall()))  # noqa: S608


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_filter_gives_the_rows_that_it_gives_of_the_whole_table(table: Table, condition: str) -> None:
    rows = open_rows(table)
    assert isinstance(rows, ds.Dataset)
    assert answer(rows, condition) == answer_in_memory(table, condition)


def test_files_whose_bounds_cannot_fit_are_not_opened(bucket: None) -> None:
    table = make_table(SCHEMA, [{"n": 1, "text": "FRY9C"}], [{"n": 2, "text": "FRY15"}])
    rows = open_rows(table)
    for name in [task.file.file_path for task in table.scan().plan_files()]:
        table.io.delete(name)
    assert answer(rows, "n = 3") == []
    assert answer(rows, "text = 'FR2004A'") == []
    with pytest.raises((duckdb.Error, OSError)):
        answer(rows, "n = 2")


def test_what_was_opened_stays_as_it_was(bucket: None) -> None:
    table = make_table(SCHEMA, [{"n": 1}])
    rows = open_rows(table)
    table.append(pa.Table.from_pylist([{"n": 2}], schema=SCHEMA))
    assert (len(answer(rows, "true")), len(answer(open_rows(table), "true"))) == (1, 2)


def test_a_table_without_rows(bucket: None) -> None:
    assert answer(open_rows(make_table()), "true") == []


def test_files_from_before_a_new_column_have_null_in_it(bucket: None) -> None:
    table = make_table(SCHEMA, [{"n": 1}])
    with table.update_schema() as update:
        update.add_column("later", LongType())
    table.append(pa.table({"n": [2], "later": [3]}))
    rows = open_rows(table)
    assert isinstance(rows, ds.Dataset)
    assert rows.to_table(columns=["n", "later"]).sort_by("n").to_pylist() == [
        {"n": 1, "later": None},
        {"n": 2, "later": 3},
    ]


@pytest.mark.parametrize("change", ["rename", "widen", "replace"])
def test_files_that_do_not_fit_by_name_are_read_by_pyiceberg(bucket: None, change: str) -> None:
    table = make_table(SCHEMA, [{"n": 1, "small": 5}])
    with table.update_schema(allow_incompatible_changes=True) as update:
        if change == "rename":
            update.rename_column("small", "little")
        elif change == "widen":
            update.update_column("small", LongType())
        else:
            update.delete_column("small")
    if change == "replace":
        with table.update_schema() as update:
            update.add_column("small", LongType())
    rows = open_rows(table)
    assert isinstance(rows, pa.Table)
    assert (
        rows.select([1 if change != "replace" else -1]).to_pydict()
        == {
            "rename": {"little": [5]},
            "widen": {"small": [5]},
            "replace": {"small": [None]},
        }[change]
    )


def test_identity_partitions_are_read_too(bucket: None) -> None:
    spec = PartitionSpec(PartitionField(source_id=3, field_id=1000, transform=IdentityTransform(), name="text"))
    table = make_table(SCHEMA, [{"n": 1, "text": "a"}, {"n": 2}], [{"n": 3, "text": "a"}], partition_spec=spec)
    rows = open_rows(table)
    assert isinstance(rows, ds.Dataset)
    for condition in ("text = 'a'", "text IS NULL", "n > 1"):
        assert answer(rows, condition) == answer_in_memory(table, condition)
