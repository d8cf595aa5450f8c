"""Values as Athena writes them in its results."""

import math
from datetime import datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

import pyarrow as pa

_TYPES: dict[str, str] = {
    "bool": "boolean",
    "date32[day]": "date",
    "double": "double",
    "float": "float",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
}


def type_name(column_type: pa.DataType) -> str:
    """Return Athena's name of a column's type; of one that it lacks, varchar."""
    if pa.types.is_timestamp(column_type):
        return "timestamp with time zone" if column_type.tz else "timestamp"
    if pa.types.is_decimal(column_type):
        return "decimal"
    if pa.types.is_binary(column_type) or pa.types.is_large_binary(column_type):
        return "varbinary"
    return _TYPES.get(str(column_type), "varchar")


@singledispatch
def text(value: Any) -> str:
    """Return a value that is not NULL as text."""
    return str(value)


@text.register
def _(value: bool) -> str:  # noqa: FBT001
    return str(value).lower()


@text.register
def _(value: float) -> str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "NaN" if math.isnan(value) else repr(value)


@text.register
def _(value: Decimal) -> str:
    return f"{value:f}"


@text.register
def _(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") + (" UTC" if value.tzinfo else "")


@text.register
def _(value: bytes) -> str:
    return value.hex(" ")


@text.register
def _(value: list) -> str:  # type: ignore[type-arg]
    return f"[{', '.join(map(_inner, value))}]"


@text.register
def _(value: tuple) -> str:  # type: ignore[type-arg]
    """Return an entry of a map, which pyarrow makes a list of pairs."""
    return "=".join(map(_inner, value))


@text.register
def _(value: dict) -> str:  # type: ignore[type-arg]
    return f"{{{', '.join(map(_inner, value.items()))}}}"


def _inner(value: Any) -> str:
    return "null" if value is None else text(value)
