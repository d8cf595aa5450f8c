"""The types of the item columns of a report view: which the contract wants, and the SQL that casts to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from data_hub.csv_files import column_types
from data_hub.pipelines.pipeline import Column
from data_hub.pipelines.report_columns import VALUE

STRING = "string"


@dataclass(frozen=True)
class ReportTypes:
    """Pattern of item codes to type; see ``Table.report``."""

    patterns: Mapping[str, str]

    def of(self, item: str) -> str:
        """Return the type of an item's column: string, bigint or decimal(p,s)."""
        return next((name for pattern, name in self._expressions if pattern.fullmatch(item)), STRING)

    @cached_property
    def _expressions(self) -> list[tuple[re.Pattern[str], str]]:
        return [
            (re.compile(re.escape(pattern).replace(r"\*", ".*"), re.ASCII | re.IGNORECASE | re.DOTALL), name)
            for pattern, name in self.patterns.items()
        ]


def typed_value(type_name: str) -> exp.Expr:
    """Return the reported text as bigint or decimal: NULL when the type cannot hold exactly what it says."""
    return exact_cast(exp.column(VALUE, quoted=True), type_name)


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
