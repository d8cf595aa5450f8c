from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_hub import column_types
from data_hub.pipeline import Column

BIGINT = column_types.of(Column(type="bigint"))
COMPACT_DATE = column_types.of(Column(type="date", format="yyyymmdd"))
ISO_DATE = column_types.of(Column(type="date", format="yyyy-mm-dd"))
TIMESTAMP = column_types.of(Column(type="timestamp", format="epoch_seconds"))


def parse(kind: column_types.ColumnType, *words: str | None) -> list[object]:
    return list(kind.parse(pa.array(words, pa.string())).to_pylist())


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("99999999999999999999", None),
        ("+1", None),
        ("1.0", None),
        ("1e3", None),
        (" 1", None),
        ("1,000", None),
        ("", None),
        (None, None),
    ],
)
def test_bigint(word: str | None, value: int | None) -> None:
    assert parse(BIGINT, word, "1") == [value, 1]


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_every_64_bit_integer_is_read_back(numbers: list[int]) -> None:
    assert parse(BIGINT, *map(str, numbers)) == numbers


@pytest.mark.parametrize("word", ["20261301", "20260230", "20250229", "2026-01-01", "260101", "00000000", "202601011"])
def test_what_is_no_day_of_the_calendar_gives_null(word: str) -> None:
    assert parse(COMPACT_DATE, word, "20240229") == [None, date(2024, 2, 29)]


@given(st.lists(st.dates()))
def test_every_day_is_read_back_in_both_formats(days: list[date]) -> None:
    assert parse(COMPACT_DATE, *(day.strftime("%Y%m%d").zfill(8) for day in days)) == days
    assert parse(ISO_DATE, *(day.isoformat() for day in days)) == days


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1770609249", datetime(2026, 2, 9, 3, 54, 9, tzinfo=UTC)),
        ("253402300799", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("253402300800", None),
        ("-1", None),
        ("1770609249.5", None),
        ("2026-02-09", None),
    ],
)
def test_timestamp(word: str, value: datetime | None) -> None:
    assert parse(TIMESTAMP, word) == [value]
