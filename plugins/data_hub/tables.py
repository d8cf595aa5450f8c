"""The three Iceberg tables of a pipeline: rows, rejects and ledger."""

from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.table import Table as IcebergTable

from data_hub import ledger, lineage, rejects
from data_hub.commit import TABLE_PROPERTIES
from data_hub.contract import Contract
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError
from data_hub.pipeline import Table


@dataclass(frozen=True)
class Tables:
    """The tables of a pipeline, ready to be written.

    Attributes:
        rows: the contract's columns and lineage.
        rejects: rejected rows.
        ledger: what became of every object.
    """

    rows: IcebergTable
    rejects: IcebergTable
    ledger: IcebergTable

    @classmethod
    def ensure(cls, catalog: Catalog, deployment: Deployment, table: Table) -> "Tables":
        """Open the tables; make those that are missing, and add columns that are new in the contract.

        Raises:
            DataHubError: the database is missing, or a column's type differs from the contract's.
        """

        def open_table(name: str, schema: pa.Schema) -> IcebergTable:
            location = f"{deployment.warehouse.rstrip('/')}/{deployment.database}.db/{name}"
            try:
                opened = catalog.create_table_if_not_exists(
                    (deployment.database, name), schema, location=location, properties=TABLE_PROPERTIES
                )
            except NoSuchNamespaceError as error:
                raise DataHubError(
                    f"Database '{deployment.database}' is not in the Glue Data Catalog: deploy the pipeline first"
                ) from error
            return _with_columns_of(schema, opened)

        return cls(
            rows=open_table(table.name, rows_schema(table)),
            rejects=open_table(table.rejects_name, rejects.SCHEMA),
            ledger=open_table(table.ledger_name, ledger.SCHEMA),
        )


def rows_schema(table: Table) -> pa.Schema:
    """Return the columns of the table: the contract's, then lineage."""
    schema = Contract(table).schema
    for name, kind in (
        (lineage.INGEST_TS, pa.int64()),
        (lineage.SOURCE_FILE, pa.string()),
        (lineage.SOURCE_LINE, pa.int64()),
        (lineage.INGESTED_AT, pa.timestamp("us", tz="UTC")),
        (lineage.RESCUED_DATA, pa.string()),
    ):
        schema = schema.append(pa.field(name, kind))
    return schema


def _with_columns_of(schema: pa.Schema, table: IcebergTable) -> IcebergTable:
    if set(schema.names) <= set(table.schema().column_names):
        return table
    try:
        with table.update_schema() as update:
            update.union_by_name(schema)
    except ValueError as error:
        raise DataHubError(
            f"Table '{'.'.join(table.name())}' does not fit the contract: {error}; give the changed column a new name"
        ) from error
    return table
