"""The Iceberg table below a view, as SQL sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from pyiceberg.schema import Schema
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


def describe_base_table(glue: GlueClient, database: str, name: str, schema: Schema) -> BaseTable:
    """Describe a table of the Glue Data Catalog.

    Args:
        glue: client of the account and region that the table lies in.
        database: the table's database.
        name: the table.
        schema: the table's Iceberg schema.

    Raises:
        DataHubError: a column has a type that no view can show.
    """
    account = glue.get_table(DatabaseName=database, Name=name)["Table"]["CatalogId"]
    # https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
    arn = f"arn:{glue.meta.partition}:glue:{glue.meta.region_name}:{account}:table/{database}/{name}"
    return base_table(database, name, arn, schema)


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
