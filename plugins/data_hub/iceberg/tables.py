"""The three Iceberg tables of a pipeline: rows, rejects and ledger."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError, NoSuchTableError
from pyiceberg.io.pyarrow import pyarrow_to_schema, schema_to_pyarrow
from pyiceberg.partitioning import PartitionField
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import StringType

from data_hub import lineage
from data_hub.csv_files import rejects
from data_hub.csv_files.contract import Contract
from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import partition
from data_hub.iceberg.commit import LEDGER_PROPERTIES, TABLE_PROPERTIES
from data_hub.ledgers import ledger_entry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Table

ATTEMPTS = 10


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

        def ensure(
            name: str, schema: pa.Schema, properties: dict[str, str], partition_by: Sequence[str] = ()
        ) -> IcebergTable:
            wanted = _Wanted(
                (deployment.database, name),
                f"{deployment.warehouse.rstrip('/')}/{deployment.database}.db/{name}",
                with_ids(schema),
                partition_by,
                properties,
            )
            return _partitioned_by(partition_by, _with_columns_of(schema, _open(catalog, wanted)))

        return cls(
            rows=ensure(table.name, rows_schema(table), TABLE_PROPERTIES, table.partition_by),
            rejects=ensure(table.rejects_name, rejects.SCHEMA, TABLE_PROPERTIES),
            ledger=ensure(table.ledger_name, ledger_entry.SCHEMA, LEDGER_PROPERTIES),
        )

    @property
    def typed_columns(self) -> frozenset[str]:
        """Names of the columns of ``rows`` that are not text."""
        return frozenset(column.name for column in self.rows.schema().fields if column.field_type != StringType())

    def add_text_columns(self, names: Collection[str]) -> None:
        """Add columns that files brought along (``unknown_columns: evolve``).

        Raises:
            DataHubError: the table has gained one of them meanwhile, of another type.
            TryAgainError: other writers were in the way for too long.
        """
        wanted = pa.schema([(name, pa.string()) for name in sorted(names)])
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(TryAgainError):
                _with_columns_of(wanted, self.rows)
                return
            self.rows.refresh()
        _with_columns_of(wanted, self.rows)


def _partitioned_by(partition_by: Sequence[str], table: IcebergTable) -> IcebergTable:
    """Give the table the partition spec of the pipeline file; data files that are there keep theirs."""
    wanted, present = partition.spec(partition_by, table.schema()), table.spec()
    if [_meaning(each) for each in wanted.fields] != [_meaning(each) for each in present.fields]:
        with _no_other_writer(table, "its partition spec was changed"), table.transaction() as transaction:
            # One after the other: bucket(4, column) has the same name as bucket(8, column).
            with transaction.update_spec() as update:
                for each in present.fields:
                    update.remove_field(each.name)
            with transaction.update_spec() as update:
                for each in wanted.fields:
                    update.add_field(table.schema().find_field(each.source_id).name, each.transform, each.name)
    return table


def _meaning(each: PartitionField) -> tuple[int, str]:
    return each.source_id, str(each.transform)


@dataclass(frozen=True)
class _Wanted:
    identifier: tuple[str, str]
    location: str
    schema: Schema
    partition_by: Sequence[str]
    properties: dict[str, str]


def with_ids(schema: pa.Schema) -> Schema:
    """Return the Iceberg schema of a new table, its columns numbered from 1."""
    numbered = enumerate(schema, 1)
    return pyarrow_to_schema(
        pa.schema([column.with_metadata({b"PARQUET:field_id": str(number)}) for number, column in numbered])
    )


def _open(catalog: Catalog, wanted: _Wanted) -> IcebergTable:
    try:
        return catalog.load_table(wanted.identifier)
    except NoSuchTableError:
        pass
    try:
        # Not without looking first: it would leave a metadata file behind each time.
        return catalog.create_table_if_not_exists(
            wanted.identifier,
            wanted.schema,
            location=wanted.location,
            partition_spec=partition.spec(wanted.partition_by, wanted.schema),
            properties=wanted.properties,
        )
    except NoSuchNamespaceError as error:
        raise DataHubError(
            f"Database '{wanted.identifier[0]}' is not in the Glue Data Catalog: deploy the pipeline first"
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
        with _no_other_writer(table, "columns were added"), table.update_schema() as update:
            update.union_by_name(schema)
    return table


@contextmanager
def _no_other_writer(table: IcebergTable, doing: str) -> Iterator[None]:
    try:
        yield
    except CommitFailedException as error:
        raise TryAgainError(
            f"Another writer changed table '{'.'.join(table.name())}' while {doing}; start the job again"
        ) from error


def _same_type(present: pa.DataType, wanted: pa.DataType) -> bool:
    # pyiceberg shows its strings as large ones.
    return bool(present == (pa.large_string() if wanted == pa.string() else wanted))
