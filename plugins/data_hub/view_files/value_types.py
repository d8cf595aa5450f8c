"""The types of columns and values in a view file, and which of them Spark and Athena compare and mix alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Collection

Kind = Literal["text", "int", "bigint", "decimal", "date", "timestamp", "timestamptz", "boolean", "null"]

MAX_DIGITS = 38
# Decimals of so many digits are computed in a machine word of 64 bits.
WORD_DIGITS = 18
# What both engines give a sum beyond the digits of its terms.
SUM_DIGITS = 10
_KINDS: dict[exp.DType, Kind] = {
    exp.DType.TEXT: "text",
    exp.DType.VARCHAR: "text",
    exp.DType.INT: "int",
    exp.DType.BIGINT: "bigint",
    exp.DType.DECIMAL: "decimal",
    exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamptz",
    exp.DType.BOOLEAN: "boolean",
}
# The digits that a number of the kind may take as a decimal; Spark gives a bigint one more than Athena.
_DIGITS = {"int": 10, "bigint": 20}


@dataclass(frozen=True)
class SqlType:
    """A type.

    Attributes:
        kind: which; ``timestamp`` is a point in time in UTC without zone, ``null`` fits every type.
        digits: of a decimal, in all.
        scale: of a decimal, digits behind the point.
    """

    kind: Kind
    digits: int = 0
    scale: int = 0

    def __str__(self) -> str:
        """Return the type as it is written in a view file."""
        if self.kind == "decimal":
            return f"decimal({self.digits}, {self.scale})"
        return {"text": "varchar", "timestamp": "timestamp(6)", "timestamptz": "timestamp with time zone"}.get(
            self.kind, self.kind
        )

    @classmethod
    def of(cls, kind: exp.DataType) -> SqlType | None:
        """Return the type that sqlglot calls so; None when no view file may use it."""
        if kind.this not in _KINDS:
            return None
        numbers = [int(number.name) for number in kind.expressions]
        return cls(_KINDS[kind.this], *(numbers if kind.is_type(exp.DType.DECIMAL) else ()))

    @classmethod
    def can_be_cast_to(cls, kind: exp.DataType) -> bool:
        """Tell whether a view file may name this type in a CAST."""
        numbers = [int(number.name) if number.name.isdecimal() else -1 for number in kind.expressions]
        if kind.is_type(exp.DType.DECIMAL):
            return len(numbers) == 2 and 1 <= numbers[0] <= MAX_DIGITS and 0 <= numbers[1] <= numbers[0]
        if kind.is_type(exp.DType.TIMESTAMP):
            return numbers == [6]
        return not numbers and kind.this in (exp.DType.VARCHAR, exp.DType.BIGINT, exp.DType.DATE)

    @property
    def sql(self) -> exp.DataType:
        """The type in sqlglot's terms."""
        return exp.DataType.build(str(self), dialect="athena")

    @property
    def is_number(self) -> bool:
        """Whether it can be added up."""
        return self.kind in ("int", "bigint", "decimal")

    @property
    def as_decimal(self) -> SqlType:
        """A number as a decimal that holds each of its values."""
        return SqlType("decimal", _DIGITS[self.kind]) if self.kind in _DIGITS else self

    def holds(self, other: SqlType) -> bool:
        """Tell whether every value of another type is, unchanged, one of this; ``null`` is held by each."""
        if other.kind == "null" or self == other:
            return True
        if self.kind == "bigint":
            return other.kind == "int"
        if self.kind == "decimal" and other.is_number:
            # As many digits as the numbers really have: Athena's count.
            digits = {"int": 10, "bigint": 19}.get(other.kind, other.digits)
            return self.digits - self.scale >= digits - other.scale and self.scale >= other.scale
        return self.kind == "timestamp" and other.kind == "timestamptz"


def comparable(types: Collection[SqlType]) -> bool:
    """Tell whether values of these types are compared in both engines without one being changed."""
    if all(each.is_number for each in types):
        decimals = [each.as_decimal for each in types]
        whole, scale = max(each.digits - each.scale for each in decimals), max(each.scale for each in decimals)
        return whole + scale <= MAX_DIGITS
    return len({each.kind for each in types}) == 1


def common(types: Collection[SqlType]) -> SqlType | None:
    """Return the type of a value that is one of several; None when the engines give it different ones."""
    known = {each for each in types if each.kind != "null"}
    if {each.kind for each in known} == {"int", "bigint"}:
        return SqlType("bigint")
    return known.pop() if len(known) == 1 else None if known else SqlType("null")


def added(left: SqlType, right: SqlType) -> SqlType:
    """Return the exact type of a sum or difference; it may have more digits than there can be."""
    left, right = left.as_decimal, right.as_decimal
    scale = max(left.scale, right.scale)
    return SqlType("decimal", max(left.digits - left.scale, right.digits - right.scale) + scale + 1, scale)


def multiplied(left: SqlType, right: SqlType) -> SqlType:
    """Return the exact type of a product; it may have more digits than there can be."""
    left, right = left.as_decimal, right.as_decimal
    return SqlType("decimal", left.digits + right.digits + 1, left.scale + right.scale)
