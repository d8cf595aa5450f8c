"""The Iceberg table that every engine fills: in a SQLite catalog and a folder of its own for each run."""

from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform, YearTransform
from pyiceberg.types import DateType, DecimalType, LongType, NestedField, PrimitiveType, StringType, TimestamptzType

NAMESPACE, NAME = "bench", "collections"
# Where an engine that has a catalog of its own says which metadata file its commit made.
METADATA_LOCATION = "metadata-location.txt"
TYPES: dict[str, PrimitiveType] = {
    "seriesid": StringType(),
    "aod": DateType(),
    "rssdid": LongType(),
    "submission_ts": TimestamptzType(),
    "item_mdrm": StringType(),
    "item_desc": StringType(),
    "item_value": DecimalType(38, 6),
    "context_level1_mdrm": StringType(),
    "context_level1_desc": StringType(),
    "context_level1_value": StringType(),
}
SCHEMA = Schema(*(NestedField(number, name, kind) for number, (name, kind) in enumerate(TYPES.items(), 1)))
SPEC = PartitionSpec(
    PartitionField(1, 1000, IdentityTransform(), "seriesid"), PartitionField(2, 1001, YearTransform(), "aod_year")
)
MOMENT = pa.timestamp("us", tz="UTC")


def open_catalog(home: Path) -> SqlCatalog:
    """Open the catalog of a run."""
    return SqlCatalog("bench", uri=f"sqlite:///{home}/catalog.db", warehouse=str(warehouse(home)))


def warehouse(home: Path) -> Path:
    """Return the folder below which a run's tables lie."""
    return home / "warehouse"


def create_table(home: Path) -> Table:
    """Make the table, for an engine that does not make it itself."""
    catalog = open_catalog(home)
    catalog.create_namespace(NAMESPACE)
    return catalog.create_table(
        (NAMESPACE, NAME), SCHEMA, partition_spec=SPEC, properties={"write.parquet.compression-codec": "zstd"}
    )


def load_table(home: Path) -> Table:
    """Load the table that an engine has filled, through one and the same catalog for all of them."""
    catalog = open_catalog(home)
    try:
        return catalog.load_table((NAMESPACE, NAME))
    except NoSuchTableError:
        catalog.create_namespace_if_not_exists(NAMESPACE)
        return catalog.register_table((NAMESPACE, NAME), (home / METADATA_LOCATION).read_text())
