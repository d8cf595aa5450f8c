"""Tables on the local disk, for what needs no AWS."""

from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from data_hub.iceberg import partition
from data_hub.iceberg.tables import with_ids


def folder_catalog(folder: Path) -> SqlCatalog:
    """Make a catalog in a folder, with the database ``data_hub``."""
    catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
    catalog.create_namespace_if_not_exists("data_hub")
    return catalog


def folder_table(folder: Path, schema: pa.Schema, partition_by: list[str], **properties: str) -> Table:
    """Make a table in a folder."""
    with_field_ids = with_ids(schema)
    return folder_catalog(folder).create_table(
        ("data_hub", "rows"),
        with_field_ids,
        partition_spec=partition.spec(partition_by, with_field_ids),
        properties=properties,
    )
