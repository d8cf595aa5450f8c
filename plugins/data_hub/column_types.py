"""The types of a contract's columns: which text each accepts, and what it becomes.

The grammar of a type is a regular expression over the whole text, the same for every engine; only text that fits is
cast, so that no engine's own idea of a number or a date decides.
"""

from abc import ABC, abstractmethod
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.pipeline import Column


class ColumnType(ABC):
    """How the text of one column is read.

    Attributes:
        arrow: the type that the text becomes.
        expected: what the text must be, in words, for the reason of a reject.
    """

    arrow: pa.DataType
    expected: str

    @abstractmethod
    def parse(self, text: pa.StringArray) -> pa.Array:
        """Return the values; null where the text is null, empty or does not fit."""


class StringType(ColumnType):
    """Any text, kept as it is."""

    arrow = pa.string()
    expected = "text"

    def parse(self, text: pa.StringArray) -> pa.Array:
        """Return the text itself."""
        return text


class BigintType(ColumnType):
    """An integer of 64 bits: an optional minus sign and 1 to 19 digits."""

    arrow = pa.int64()
    expected = "bigint"

    def parse(self, text: pa.StringArray) -> pa.Array:
        """Return 64-bit integers."""
        fitting = _only_matching(text, r"^-?[0-9]{1,19}$")
        try:
            return fitting.cast(pa.int64())
        except pa.ArrowInvalid:  # at least one of them needs more than 64 bits
            wide = fitting.cast(pa.decimal128(20, 0))
            fits = pc.and_(pc.less_equal(wide, pa.scalar(2**63 - 1)), pc.greater_equal(wide, pa.scalar(-(2**63))))
            return pc.if_else(fits, fitting, None).cast(pa.int64())


class DateType(ColumnType):
    """A day of the calendar, ``20251231`` or ``2025-12-31``."""

    arrow = pa.date32()

    def __init__(self, date_format: str) -> None:
        self.expected = f"{date_format} date"
        self._separated = "-" in date_format

    def parse(self, text: pa.StringArray) -> pa.Array:
        """Return days; text that names no day of the calendar gives null."""
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" if self._separated else r"^[0-9]{8}$"
        encoded = _only_matching(text, pattern).dictionary_encode()
        days = pa.array([self._day(word) for word in encoded.dictionary.to_pylist()], pa.date32())
        return days.take(encoded.indices)

    def _day(self, text: str) -> date | None:
        digits = text.replace("-", "")
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return None


class TimestampType(ColumnType):
    """Seconds since 1970-01-01 00:00 UTC, up to the year 9999."""

    arrow = pa.timestamp("us", tz="UTC")
    expected = "epoch_seconds timestamp"

    def parse(self, text: pa.StringArray) -> pa.Array:
        """Return moments in UTC with microseconds."""
        seconds = _only_matching(text, r"^[0-9]{1,12}$").cast(pa.int64())
        last = pa.scalar(253_402_300_799, pa.int64())
        possible = pc.if_else(pc.less_equal(seconds, last), seconds, pa.scalar(None, pa.int64()))
        return possible.cast(pa.timestamp("s", tz="UTC")).cast(self.arrow)


def of(column: Column) -> ColumnType:
    """Return the type of a contract's column."""
    match column.type:
        case "string":
            return StringType()
        case "bigint":
            return BigintType()
        case "date":
            return DateType(str(column.format))
        case "timestamp":
            return TimestampType()


def _only_matching(text: pa.StringArray, pattern: str) -> Any:
    return pc.if_else(pc.match_substring_regex(text, pattern), text, pa.scalar(None, pa.string()))
