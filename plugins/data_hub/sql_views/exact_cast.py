"""Text as a number, read as the contract reads it: by SQL in both engines, and by Arrow."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from data_hub.csv_files import column_types
from data_hub.pipelines.pipeline import Column


def exact_cast(value: exp.Expr, type_name: str) -> exp.Expr:
    """Return text as bigint or decimal: NULL when the type cannot hold exactly what it says.

    The contract's own grammar decides, so that no engine trims, rounds or reads exponents in its own way.
    """
    # In Spark $ also matches before a last line end; the second expression lets none pass.
    fits = exp.and_(_matches(value, f"^(?:{_grammar(type_name)})$"), exp.not_(_matches(value, "[^-.0-9]")))
    text = exp.Case().when(fits, value.copy())
    return exp.TryCast(this=text, to=exp.DataType.build(type_name), safe=True)


def without_room(values: pa.StringArray, type_name: str) -> pa.BooleanArray:
    """Tell of each text whether the type cannot hold it; nothing at all fits every type."""
    parsed = column_types.of(Column(type=type_name)).parse(values)
    return pc.and_(pc.is_null(parsed), pc.greater(pc.fill_null(pc.binary_length(values), 0), 0))


def _matches(value: exp.Expr, expression: str) -> exp.RegexpLike:
    return exp.RegexpLike(this=value.copy(), expression=exp.Literal.string(expression))


def _grammar(type_name: str) -> str:
    return column_types.of(Column(type=type_name)).grammar
