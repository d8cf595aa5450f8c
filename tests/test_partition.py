"""The partition spec of a table, as the pipeline file says it and as Iceberg has it."""

from pathlib import Path

import pytest
from collections_pipeline import PIPELINE
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

from data_hub.iceberg import partition
from data_hub.pipelines.partition_terms import TRANSFORMS, PartitionTerm

ICEBERG_TYPES: dict[str, PrimitiveType] = {
    "string": StringType(),
    "bigint": LongType(),
    "decimal": DecimalType(38, 6),
    "date": DateType(),
    "timestamp": TimestamptzType(),
    "boolean": BooleanType(),
}
SCHEMA = Schema(
    NestedField(7, "seriesid", StringType(), required=False),
    NestedField(9, "aod", DateType(), required=False),
    NestedField(4, "rssdid", LongType(), required=False),
)


@pytest.mark.parametrize(
    ("entry", "name", "source_id", "transform"),
    [
        ("seriesid", "seriesid", 7, "identity"),
        ("year(aod)", "aod_year", 9, "year"),
        ("month(aod)", "aod_month", 9, "month"),
        ("day(aod)", "aod_day", 9, "day"),
        ("bucket(16, rssdid)", "rssdid_bucket", 4, "bucket[16]"),
        ("bucket(16,rssdid)", "rssdid_bucket", 4, "bucket[16]"),
        ("truncate(4, seriesid)", "seriesid_trunc", 7, "truncate[4]"),
    ],
)
def test_an_entry_is_a_field_of_the_partition_spec(entry: str, name: str, source_id: int, transform: str) -> None:
    (field,) = partition.spec([entry], SCHEMA).fields
    assert (field.name, field.source_id, str(field.transform), field.field_id) == (name, source_id, transform, 1000)


def test_fields_come_in_the_order_of_the_entries() -> None:
    fields = partition.spec(PIPELINE.table.partition_by, SCHEMA).fields
    assert [(field.name, field.field_id) for field in fields] == [("seriesid", 1000), ("aod_year", 1001)]


def test_no_entries_are_no_partitions() -> None:
    assert partition.spec([], SCHEMA).is_unpartitioned()


def test_a_table_is_made_with_it(tmp_path: Path) -> None:
    catalog = SqlCatalog("trial", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("hub")
    made = catalog.create_table("hub.t", SCHEMA, partition_spec=partition.spec(["seriesid", "year(aod)"], SCHEMA))
    assert [(field.name, str(field.transform)) for field in made.spec().fields] == [
        ("seriesid", "identity"),
        ("aod_year", "year"),
    ]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("kind", ICEBERG_TYPES)
def test_a_transform_fits_the_types_that_it_fits_in_iceberg(transform: str, kind: str) -> None:
    term = PartitionTerm("x", transform, 8 if transform in {"bucket", "truncate"} else 0)
    fits = parse_transform(term.notation).can_transform(ICEBERG_TYPES[kind])
    # Numbers next to the end of their range have no truncated value that fits their type.
    assert term.fits(kind) == (fits and (transform != "truncate" or kind == "string"))


@pytest.mark.parametrize(
    "entry", ["", "Year(aod)", "hour(aod)", "year(aod", "year aod", "bucket(rssdid)", "bucket(0, rssdid)", "a b", "a\n"]
)
def test_what_is_no_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="does not fit; write a column, year, month or day"):
        PartitionTerm.parse(entry)
