"""The three Iceberg tables of a pipeline: rows, rejects and ledger."""

from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError, NoSuchTableError
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table as IcebergTable

from data_hub import ledger_entry, lineage, rejects
from data_hub.commit import LEDGER_PROPERTIES, TABLE_PROPERTIES
from data_hub.contract import Contract
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError, TryAgainError
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
            TryAgainError: another writer was in the way.
        """

        def ensure(name: str, schema: pa.Schema, properties: dict[str, str]) -> IcebergTable:
            location = f"{deployment.warehouse.rstrip('/')}/{deployment.database}.db/{name}"
            return _with_columns_of(schema, _open(catalog, (deployment.database, name), schema, location, properties))

        return cls(
            rows=ensure(table.name, rows_schema(table), TABLE_PROPERTIES),
            rejects=ensure(table.rejects_name, rejects.SCHEMA, TABLE_PROPERTIES),
            ledger=ensure(table.ledger_name, ledger_entry.SCHEMA, LEDGER_PROPERTIES),
        )


def _open(
    catalog: Catalog, identifier: tuple[str, str], schema: pa.Schema, location: str, properties: dict[str, str]
) -> IcebergTable:
    try:
        return catalog.load_table(identifier)
    except NoSuchTableError:
        pass
    try:
        # Not without looking first: it would leave a metadata file behind each time.
        return catalog.create_table_if_not_exists(identifier, schema, location=location, properties=properties)
    except NoSuchNamespaceError as error:
        raise DataHubError(
            f"Database '{identifier[0]}' is not in the Glue Data Catalog: deploy the pipeline first"
        ) from error


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
    present = schema_to_pyarrow(table.schema(), include_field_ids=False)
    for field in schema:
        if field.name in present.names and not _same_type(present.field(field.name).type, field.type):
            raise DataHubError(
                f"Column '{field.name}' of table '{'.'.join(table.name())}' is {present.field(field.name).type}, the "
                f"contract says {field.type}: a column keeps its type, give the changed one a new name"
            )
    if not set(schema.names) <= set(present.names):
        try:
            with table.update_schema() as update:
                update.union_by_name(schema)
        except CommitFailedException as error:
            raise TryAgainError(
                f"Another writer changed table '{'.'.join(table.name())}' while columns were added; start the job again"
            ) from error
    return table


def _same_type(present: pa.DataType, wanted: pa.DataType) -> bool:
    # pyiceberg shows its strings as large ones.
    return bool(present == (pa.large_string() if wanted == pa.string() else wanted))
