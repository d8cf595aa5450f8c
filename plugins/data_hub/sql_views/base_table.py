"""The Iceberg table below a view, as SQL sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchPropertyException, NoSuchTableError
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestampType,
    TimestamptzType,
)
from sqlglot import exp

from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient
    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.types import IcebergType

_SQL_TYPES: dict[type[PrimitiveType], str] = {
    BooleanType: "boolean",
    DateType: "date",
    DoubleType: "double",
    FloatType: "float",
    IntegerType: "int",
    LongType: "bigint",
    StringType: "text",
    TimestampType: "timestamp",
    TimestamptzType: "timestamptz",
}


@dataclass(frozen=True)
class BaseTable:
    """A table that views select from.

    Attributes:
        database: database of the Glue Data Catalog.
        name: table in that database.
        arn: the table's Amazon Resource Name.
        columns: column name to SQL type, in the table's order.
    """

    database: str
    name: str
    arn: str
    columns: Mapping[str, exp.DataType]

    @property
    def relation(self) -> exp.Table:
        """The table as it stands in a FROM clause."""
        return exp.table_(self.name, db=self.database, quoted=True)


@dataclass(frozen=True)
class Database:
    """A database of the Glue Data Catalog and its tables, as they are now.

    Attributes:
        glue: client of the database's account and region.
        catalog: the same catalogue for pyiceberg.
        name: the database.
    """

    glue: GlueClient
    catalog: Catalog
    name: str

    def load(self, table: str) -> IcebergTable | None:
        """Open a table; None when there is none of that name, or no Iceberg table."""
        try:
            return self.catalog.load_table((self.name, table))
        # A view or a table of another format lacks the property by which pyiceberg knows its own.
        except (NoSuchTableError, NoSuchIcebergTableError, NoSuchPropertyException):
            return None

    def snapshot_id(self, table: str) -> int | None:
        """Return the snapshot that a table shows now, None when there is none."""
        loaded = self.load(table)
        return loaded.metadata.current_snapshot_id if loaded else None

    def describe(self, table: IcebergTable) -> BaseTable:
        """Describe a table.

        Raises:
            DataHubError: a column has a type that no view can show.
        """
        name = table.name()[-1]
        account = self.glue.get_table(DatabaseName=self.name, Name=name)["Table"]["CatalogId"]
        # https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
        region = f"arn:{self.glue.meta.partition}:glue:{self.glue.meta.region_name}"
        return base_table(self.name, name, f"{region}:{account}:table/{self.name}/{name}", table.schema())

    def find(self, *names: str) -> dict[str, BaseTable]:
        """Return those of the tables that there are, by name; raises like ``describe``."""
        return {name: self.describe(table) for name in names if (table := self.load(name))}


def base_table(database: str, name: str, arn: str, schema: Schema) -> BaseTable:
    """Describe a table by its Iceberg schema alone.

    Raises:
        DataHubError: a column has a type that no view can show.
    """
    columns = {field.name: _sql_type(name, field.name, field.field_type) for field in schema.fields}
    return BaseTable(database, name, arn, columns)


def _sql_type(table: str, column: str, iceberg_type: IcebergType) -> exp.DataType:
    if isinstance(iceberg_type, DecimalType):
        return exp.DataType.build(f"decimal({iceberg_type.precision}, {iceberg_type.scale})")
    if isinstance(iceberg_type, PrimitiveType) and type(iceberg_type) in _SQL_TYPES:
        return exp.DataType.build(_SQL_TYPES[type(iceberg_type)])
    raise DataHubError(
        f"Table {table}: column {column} has type {iceberg_type}, which the views cannot show; "
        f"use one of: decimal, {', '.join(_SQL_TYPES.values())}"
    )
