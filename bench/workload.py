"""The rows that every engine loads: a regulatory collection in long form, the same each time it is made.

A row is a function of its number alone, so that any part of the data can be made in any order without memory of the
rest: the shuffled variant asks for the same row numbers in another order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

HEADER = (
    "seriesid,aod,rssdid,submission_ts,item_mdrm,item_desc,item_value,"
    "context_level1_mdrm,context_level1_desc,context_level1_value"
)
# Twenty quarters: with three series, 15 partitions of (seriesid, year(aod)).
QUARTERS = tuple(f"{year}{day}" for year in range(2021, 2026) for day in ("0331", "0630", "0930", "1231"))
BATCH_ROWS = 250_000
# Odd and larger than any count of rows here: multiplying by it and taking the rest visits every number once.
STRIDE = 6_700_417 * 641
NO_NUMBER = "n/a"


@dataclass(frozen=True)
class Series:
    """One report: which share of the rows it has, and how many items an institution reports."""

    name: str
    prefix: str
    items: int
    share: float
    has_context: bool = False


SERIES = (
    Series("FRY9C", "BHCK", 1900, 0.80),
    Series("FRY15", "RISK", 550, 0.12),
    Series("FR2004A", "GSWA", 80, 0.08, has_context=True),
)


@dataclass(frozen=True)
class Workload:
    """Rows as CSV text.

    Attributes:
        rows: how many.
        shuffled: in an order without runs, else as an export has them: by series, as-of date, institution and item.
        rejects: break the contract in about this share of the rows.
    """

    rows: int
    shuffled: bool = False
    rejects: float = 0.0

    @property
    def name(self) -> str:
        """Name of the file in the cache."""
        kind = "-shuffled" if self.shuffled else ""
        return f"rows-{self.rows}{kind}{f'-rejects-{self.rejects:g}' if self.rejects else ''}"

    def csv_batches(self) -> Iterator[bytes]:
        """Yield the text without its header, some rows at a time."""
        for start in range(0, self.rows, BATCH_ROWS):
            yield self.csv_text(start, min(start + BATCH_ROWS, self.rows))

    def csv_text(self, start: int, end: int) -> bytes:
        """Return the rows of some positions."""
        numbers = pa.array(range(start, end), pa.int64())
        if self.shuffled:
            numbers = _modulo(pc.multiply(numbers, STRIDE % self.rows), self.rows)
        text: str = pc.binary_join(pa.array([_lines(self._columns(numbers)).to_pylist()]), "\n")[0].as_py()
        return text.encode() + b"\n"

    def _columns(self, numbers: pa.Array) -> list[pa.Array]:
        parts, first = [], 0
        for series in SERIES:
            last = self.rows if series is SERIES[-1] else first + round(series.share * self.rows)
            parts.append((series, first, last))
            first = last
        found = [_of_series(numbers, series, first, last) for series, first, last in parts]
        columns = [_first_not_null(options) for options in zip(*found, strict=True)]
        columns[6] = self._with_faults(columns[6], numbers)
        return columns

    def _with_faults(self, values: pa.Array, numbers: pa.Array) -> pa.Array:
        if not self.rejects:
            return values
        faulty = pc.less(_random(numbers, 3, 10_000), int(self.rejects * 10_000))
        return pc.if_else(faulty, NO_NUMBER, values)


def _of_series(numbers: pa.Array, series: Series, first: int, last: int) -> list[pa.Array]:
    """Return text columns, null in the rows of other series."""
    mine = pc.and_(pc.greater_equal(numbers, first), pc.less(numbers, last))
    position = pc.subtract(pc.if_else(mine, numbers, pa.scalar(None, pa.int64())), first)
    # Whole institutions in each quarter; what is left over goes to the last quarter.
    reports = pc.divide(position, series.items)
    each = max(1, -(-(last - first) // (series.items * len(QUARTERS))))
    quarter = pc.min_element_wise(pc.divide(reports, each), len(QUARTERS) - 1, skip_nulls=False)
    bank, item = _modulo(reports, each), _modulo(position, series.items)
    text = pa.string()
    aod = pa.array(QUARTERS).take(quarter)
    mdrm = pa.array([f"{series.prefix}{number:04}" for number in range(series.items)]).take(item)
    described = pa.array([_caption(number) for number in range(series.items)]).take(item)
    context = [pa.array(choices).take(_modulo(item, 4)) for choices in _contexts(series)]
    submitted = pc.add(pc.multiply(quarter, 7_776_000), pc.add(1_620_000_000, pc.multiply(bank, 61)))
    return [
        pc.if_else(pc.fill_null(mine, fill_value=False), series.name, pa.scalar(None, text)),
        aod,
        pc.add(1_000_000, pc.multiply(bank, 7919)).cast(text),
        submitted.cast(text),
        mdrm,
        described,
        _value(position, numbers),
        *context,
    ]


def _caption(number: int) -> str:
    words = ("Total assets", "Loans and leases", "Deposits", "Trading securities", "Derivatives", "Other liabilities")
    caption = f"{words[number % len(words)]} {number}"
    # One caption in ten holds a comma, as in the field, and is quoted.
    return f'"{caption}, net"' if number % 10 == 0 else caption


def _contexts(series: Series) -> list[list[str]]:
    if not series.has_context:
        return [[""] * 4] * 3
    return [["GSWA0001", "GSWA0001", "GSWA0002", ""], ["Long", "Short", "Maturity", ""], ["1", "2", "3", ""]]


def _value(position: pa.Array, numbers: pa.Array) -> pa.Array:
    """Return amounts: most are whole numbers, some have cents or six digits, some are negative, some are empty."""
    whole = _random(numbers, 1, 1_000_000_000).cast(pa.string())
    fraction = pc.utf8_lpad(_random(numbers, 2, 1_000_000).cast(pa.string()), 6, "0")
    kind = _random(numbers, 4, 100)
    with_cents = pc.binary_join_element_wise(whole, pc.utf8_slice_codeunits(fraction, 0, 2), ".")
    exact = pc.binary_join_element_wise(whole, fraction, ".")
    amount = pc.if_else(pc.less(kind, 25), with_cents, pc.if_else(pc.less(kind, 30), exact, whole))
    negative = pc.binary_join_element_wise("-", amount, "")
    amount = pc.if_else(pc.greater(kind, 95), negative, amount)
    amount = pc.if_else(pc.equal(kind, 50), "", amount)
    return pc.if_else(pc.is_valid(position), amount, pa.scalar(None, pa.string()))


def _first_not_null(options: tuple[pa.Array, ...]) -> pa.Array:
    return pc.coalesce(*options)


def _lines(columns: list[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*columns, ",")


def _modulo(numbers: pa.Array, divisor: int) -> pa.Array:
    return pc.subtract(numbers, pc.multiply(pc.divide(numbers, divisor), divisor))


def _random(numbers: pa.Array, seed: int, below: int) -> pa.Array:
    """Return numbers that look random and are always the same (splitmix64)."""
    mixed = pc.add(numbers.cast(pa.uint64()), pa.scalar(seed * 0x9E3779B97F4A7C15 % 2**64, pa.uint64()))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        shifted = pc.shift_right(mixed, pa.scalar(shift, pa.uint64()))
        mixed = pc.multiply(pc.bit_wise_xor(mixed, shifted), pa.scalar(factor, pa.uint64()))
    top = pc.shift_right(mixed, pa.scalar(33, pa.uint64())).cast(pa.int64())
    return _modulo(top, below)
