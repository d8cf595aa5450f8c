"""The types of a contract's columns: which text each accepts, and what it becomes.

The grammar of a type is a regular expression over the whole text, the same for every engine; only text that fits is
cast, so that no engine's own idea of a number or a date decides.
"""

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.pipelines.pipeline import Column

# Dictionary-encoded text is parsed once for each of its words.
Text: TypeAlias = pa.StringArray | pa.DictionaryArray

# Years 0001 to 9999, the months' own lengths, and February 29 of leap years.
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_LONG_MONTH = "(?:0[13578]|1[02])"
_SHORT_MONTH = "(?:0[469]|11)"


def _day(separator: str) -> str:
    days = "|".join(
        f"{month}{separator}{day}"
        for month, day in (
            (_LONG_MONTH, "(?:0[1-9]|[12][0-9]|3[01])"),
            (_SHORT_MONTH, "(?:0[1-9]|[12][0-9]|30)"),
            ("02", "(?:0[1-9]|1[0-9]|2[0-8])"),
        )
    )
    return f"(?:{_YEAR}{separator}(?:{days})|{_LEAP_YEAR}{separator}02{separator}29)"


class ColumnType(ABC):
    """How the text of one column is read.

    Attributes:
        arrow: the type that the text becomes.
        expected: what the text must be, in words, for the reason of a reject.
        grammar: regular expression (RE2) of the whole text.
        digits: text of 1 to so many digits always fits the grammar; 0 when not.
    """

    arrow: pa.DataType
    expected: str
    grammar: str
    digits: int = 0

    def parse(self, text: Text) -> pa.Array:
        """Return the values; null where the text is null, empty or does not fit."""
        if isinstance(text, pa.DictionaryArray):
            return self._parse(text.dictionary).take(text.indices)
        return self._parse(text)

    def _parse(self, text: pa.StringArray) -> pa.Array:
        return self._cast(self._fitting(text))

    def _fitting(self, text: pa.StringArray) -> pa.StringArray:
        if self.digits and _are_digits(text, self.digits):
            return text
        fits = pc.match_substring_regex(text, f"^(?:{self.grammar})$")
        if fits.true_count == len(text) - text.null_count:
            return text
        return _only_where(fits, text)

    @abstractmethod
    def _cast(self, text: pa.StringArray) -> pa.Array:
        """Return the values of text that fits the grammar; null where there is none."""


class StringType(ColumnType):
    """Any text, kept as it is."""

    arrow = pa.string()
    expected = "text"
    grammar = "(?s:.*)"

    def _fitting(self, text: pa.StringArray) -> pa.StringArray:
        return text

    def _cast(self, text: pa.StringArray) -> pa.Array:
        return text


class BigintType(ColumnType):
    """An integer of 64 bits: an optional minus sign and 1 to 19 digits."""

    arrow = pa.int64()
    expected = "bigint"
    grammar = "-?[0-9]{1,19}"
    digits = 19

    def _cast(self, text: pa.StringArray) -> pa.Array:
        try:
            return text.cast(self.arrow)
        except pa.ArrowInvalid:  # at least one of them needs more than 64 bits
            wide = text.cast(pa.decimal128(20, 0))
            return _only_within(wide, -(2**63), 2**63 - 1).cast(self.arrow)


class DecimalType(ColumnType):
    """A decimal number that is never rounded: an optional minus sign, digits, a point only with digits behind it."""

    def __init__(self, precision: int, scale: int) -> None:
        self.arrow = pa.decimal128(precision, scale)
        self.expected = f"decimal({precision},{scale})"
        self.digits = precision - scale
        whole = f"0*[1-9][0-9]{{0,{precision - scale - 1}}}|0+" if precision > scale else "0+"
        self.grammar = f"-?(?:{whole})" + (f"(?:[.][0-9]{{1,{scale}}})?" if scale else "")

    def _cast(self, text: pa.StringArray) -> pa.Array:
        return text.cast(self.arrow)


class DateType(ColumnType):
    """A day of the calendar from the year 0001 on, ``20251231`` or ``2025-12-31``."""

    arrow = pa.date32()

    def __init__(self, date_format: str) -> None:
        self.expected = f"{date_format} date"
        separator = "-" if "-" in date_format else ""
        self.grammar = _day(separator)
        self._format = separator.join(("%Y", "%m", "%d"))

    def parse(self, text: Text) -> pa.Array:
        """Return days. Of plain text too each word is parsed once: days repeat, and strptime is slow."""
        return super().parse(text if isinstance(text, pa.DictionaryArray) else text.dictionary_encode())

    def _cast(self, text: pa.StringArray) -> pa.Array:
        return pc.strptime(text, format=self._format, unit="s").cast(self.arrow)


class EpochSecondsType(ColumnType):
    """Seconds since 1970-01-01 00:00 UTC, up to the year 9999."""

    arrow = pa.timestamp("us", tz="UTC")
    expected = "epoch_seconds timestamp"
    grammar = "[0-9]{1,12}"
    digits = 12

    def _cast(self, text: pa.StringArray) -> pa.Array:
        seconds = _only_within(text.cast(pa.int64()), 0, 253_402_300_799)
        return seconds.cast(pa.timestamp("s", tz="UTC")).cast(self.arrow)


class IsoTimestampType(ColumnType):
    """``2026-02-09T03:54:09``, with a ``T`` or a blank, up to 6 decimals of a second; an offset (``Z``), or UTC."""

    arrow = pa.timestamp("us", tz="UTC")
    expected = "iso timestamp"
    _HOUR_AND_MINUTE = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
    grammar = rf"{_day('-')}[T ]{_HOUR_AND_MINUTE}:[0-5][0-9](?:\.[0-9]{{1,6}})?(?:Z|[+-]{_HOUR_AND_MINUTE})?"

    def _cast(self, text: pa.StringArray) -> pa.Array:
        local = pc.match_substring_regex(text, r":[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?$")
        moments = pc.if_else(local, pc.binary_join_element_wise(text, "Z", ""), text).cast(self.arrow)
        # An offset may lead out of the years 0001 to 9999.
        micros = _only_within(moments.cast(pa.int64()), -62_135_596_800_000_000, 253_402_300_799_999_999)
        return micros.cast(self.arrow)


class BooleanType(ColumnType):
    """``true`` or ``false``, in upper or lower case."""

    arrow = pa.bool_()
    expected = "boolean"
    # Not (?i): that takes U+017F for an s.
    grammar = "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]"

    def _cast(self, text: pa.StringArray) -> pa.Array:
        return pc.equal(pc.binary_length(text), len("true"))


def of(column: Column) -> ColumnType:
    """Return the type of a contract's column."""
    match column.kind:
        case "bigint":
            return BigintType()
        case "decimal":
            return DecimalType(*column.precision_and_scale)
        case "date":
            return DateType(str(column.format))
        case "timestamp":
            return EpochSecondsType() if column.format == "epoch_seconds" else IsoTimestampType()
        case "boolean":
            return BooleanType()
        case _:
            return StringType()


def _are_digits(text: pa.StringArray, most: int) -> bool:
    """Tell the same as a regular expression, ten times as fast."""
    longest = pc.max(pc.binary_length(text)).as_py()
    if longest is None or longest > most:
        return False
    return bool(pc.ascii_is_decimal(text).true_count == len(text) - text.null_count)


def _only_within(numbers: pa.Array, low: int, high: int) -> pa.Array:
    bounds = (pa.scalar(low, numbers.type), pa.scalar(high, numbers.type))
    return _only_where(pc.and_(pc.greater_equal(numbers, bounds[0]), pc.less_equal(numbers, bounds[1])), numbers)


def _only_where(condition: pa.BooleanArray, values: Any) -> Any:
    return pc.if_else(condition, values, pa.scalar(None, values.type))
