"""What each type makes of text, held against an independent reading by Python's own decimal and datetime."""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from type_examples import TYPE_EXAMPLES, TypeExamples

from data_hub.csv_files import column_types
from data_hub.pipelines.pipeline import Column

BIGINT = column_types.of(Column(type="bigint"))
DATE = column_types.of(Column(type="date", format="yyyymmdd"))
DASHED_DATE = column_types.of(Column(type="date", format="yyyy-mm-dd"))
EPOCH_SECONDS = column_types.of(Column(type="timestamp", format="epoch_seconds"))
ISO = column_types.of(Column(type="timestamp", format="iso"))
BOOLEAN = column_types.of(Column(type="boolean"))
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def parse(kind: column_types.ColumnType, *words: str | None) -> list[Any]:
    """Parse plain and dictionary-encoded text, which have to give the same."""
    text = pa.array(words, pa.string())
    values = kind.parse(text)
    assert values.type == kind.arrow
    assert kind.parse(text.dictionary_encode()).equals(values)
    return list(values.to_pylist())


def either(reading: Callable[[str], Any], text: str) -> Any:
    """Return what a reading makes of text, None when it raises ValueError."""
    try:
        return reading(text)
    except ValueError:
        return None


@pytest.mark.parametrize("examples", TYPE_EXAMPLES, ids=lambda each: f"{each.type} {each.format}")
def test_the_examples_of_each_type(examples: TypeExamples) -> None:
    kind = column_types.of(examples.column)
    values = parse(kind, *examples.accepted)
    assert dict(zip(examples.accepted, map(str, values), strict=True)) == examples.accepted
    assert parse(kind, *examples.rejected) == [None] * len(examples.rejected)
    nothing: Any = "" if examples.type == "string" else None
    assert parse(kind, next(iter(examples.accepted)), "", None)[1:] == [nothing, None]


@pytest.mark.parametrize("examples", [each for each in TYPE_EXAMPLES if each.type != "string"], ids=lambda e: e.type)
@pytest.mark.parametrize("added", ["\n", " ", "\0", "\u0660", "x"])
def test_nothing_may_stand_before_or_behind_a_value(examples: TypeExamples, added: str) -> None:
    around = [text for word in examples.accepted for text in (f"{word}{added}", f"{added}{word}")]
    assert parse(column_types.of(examples.column), *around) == [None] * len(around)


@given(st.lists(st.integers(-(10**20), 10**20) | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1])))
def test_every_64_bit_integer_is_read_back_and_no_other_is(numbers: list[int]) -> None:
    assert parse(BIGINT, *map(str, numbers)) == [number if -(2**63) <= number < 2**63 else None for number in numbers]


@given(st.text(alphabet="0123456789+-._eExX \n", max_size=22))
def test_a_bigint_is_a_minus_and_1_to_19_digits(text: str) -> None:
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
    fits = number is not None and -(2**63) <= number < 2**63
    assert parse(BIGINT, text) == [number if fits else None]


def read_decimal(text: str, precision: int, scale: int) -> Decimal | None:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return None
    number = Decimal(text)
    # Decimal keeps all digits that are written, so that nothing here is rounded.
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    whole = len(digits) + exponent if any(digits[: len(digits) + exponent]) else 0
    return number if -exponent <= scale and whole <= precision - scale else None


PRECISIONS = st.integers(1, 38).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p)))
DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=40)


@given(PRECISIONS, st.lists(st.tuples(st.sampled_from(["", "-", "-0", "000"]), DIGITS, st.none() | DIGITS), max_size=9))
@example((38, 0), [("", "9" * 38, None), ("", "1" + "0" * 38, None)])
@example((38, 38), [("-", "0", "9" * 38), ("", "1", None)])
@example((38, 6), [("", "9" * 32, "9" * 6), ("", "9" * 33, None), ("", "1", "1234567")])
def test_a_decimal_is_exact_or_rejected(size: tuple[int, int], parts: list[tuple[str, str, str | None]]) -> None:
    precision, scale = size
    words = [f"{sign}{whole}" + (f".{fraction}" if fraction else "") for sign, whole, fraction in parts]
    kind = column_types.of(Column(type=f"decimal({precision},{scale})"))
    assert parse(kind, *words) == [read_decimal(word, precision, scale) for word in words]


@given(st.text(alphabet="0123456789+-.,eE_ \n", max_size=12))
def test_text_that_is_no_decimal_is_rejected(text: str) -> None:
    assert parse(column_types.of(Column(type="decimal(12,3)")), text) == [read_decimal(text, 12, 3)]


def test_every_day_of_the_calendar_is_read_in_both_formats() -> None:
    last = (date(9999, 12, 31) - date(1970, 1, 1)).days
    days = pa.array(range((date(1, 1, 1) - date(1970, 1, 1)).days, last + 1), pa.int32()).cast(pa.date32())
    dashed = days.cast(pa.string())
    assert (dashed[0].as_py(), dashed[-1].as_py()) == ("0001-01-01", "9999-12-31")
    assert DASHED_DATE.parse(dashed).equals(days)
    assert DATE.parse(pc.replace_substring(dashed, "-", "")).equals(days)


@pytest.mark.parametrize("year", [0, 1, 4, 100, 400, 1900, 1970, 2000, 2023, 2024, 2100, 9996, 9999])
def test_of_all_texts_of_a_year_only_the_days_of_its_calendar_are_read(year: int) -> None:
    words = [f"{year:04}{rest:04}" for rest in range(10_000)]
    days = [either(lambda word: date(int(word[:4]), int(word[4:6]), int(word[6:])), word) for word in words]
    assert parse(DATE, *words) == days
    assert parse(DASHED_DATE, *(f"{word[:4]}-{word[4:6]}-{word[6:]}" for word in words)) == days


def test_february_29_is_a_day_of_leap_years_only() -> None:
    years = range(10_000)
    values = parse(DATE, *(f"{year:04}0229" for year in years))
    assert [value is not None for value in values] == [year > 0 and calendar.isleap(year) for year in years]


@given(st.integers(0, 10**13))
def test_epoch_seconds_reach_to_the_year_9999(seconds: int) -> None:
    # datetime itself knows no later moment.
    moment = (
        either(lambda text: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text)), str(seconds))
        if (seconds <= 253_402_300_799)
        else None
    )
    assert parse(EPOCH_SECONDS, str(seconds)) == [moment]


def read_iso(text: str) -> datetime | None:
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-5][0-9])?",
        text,
    )
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}.{(found[3] or '').ljust(6, '0')}{found[4] or 'Z'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the offset leads out of the years that datetime has
        return None


def two_digits(most: int) -> st.SearchStrategy[str]:
    return st.integers(0, most).map("{:02}".format)


CLOCK = st.tuples(two_digits(25), two_digits(61), two_digits(61)).map(":".join)
OFFSET = st.sampled_from(["", "Z", "z", "+05", "+0530"]) | st.tuples(
    st.sampled_from("+-"), two_digits(25), two_digits(61)
).map(lambda parts: f"{parts[0]}{parts[1]}:{parts[2]}")
ISO_TEXT = st.tuples(
    st.dates().map(date.isoformat) | st.sampled_from(["2023-02-29", "0000-01-01", "0001-01-01", "9999-12-31"]),
    st.sampled_from(["T", " ", "t", "  ", ""]) | st.just("T"),
    CLOCK,
    st.just("") | st.text(alphabet="0123456789", max_size=8).map(".{}".format),
    OFFSET,
).map("".join)


@given(ISO_TEXT)
@example("0001-01-01T00:00:00+00:01")
@example("0001-01-01T01:00:00+00:60")
@example("9999-12-31T23:59:59.999999")
@example("9999-12-31T23:59:59-00:01")
@example("1969-12-31T23:59:59.000001-12:34")
def test_an_iso_timestamp_is_what_datetime_reads_or_rejected(text: str) -> None:
    assert parse(ISO, text, "2026-02-09T03:54:09")[0] == read_iso(text)


@given(st.datetimes(min_value=FIRST.replace(tzinfo=None), max_value=LAST.replace(tzinfo=None)))
def test_every_microsecond_is_read_back(moment: datetime) -> None:
    assert parse(ISO, moment.isoformat(), moment.isoformat(" ") + "Z") == [moment.replace(tzinfo=UTC)] * 2


@given(st.text(alphabet="tTrRuUeEfFaAlLsS\u017f10", max_size=6) | st.sampled_from(["TRUE", "False", "fal\u017fe"]))
def test_a_boolean_is_true_or_false_in_ascii_letters(text: str) -> None:
    meant = {"true": True, "false": False}.get(text.lower()) if text.isascii() else None
    assert parse(BOOLEAN, text) == [meant]


@given(st.lists(st.none() | st.text()))
def test_a_string_is_kept_to_the_letter(words: list[str | None]) -> None:
    assert parse(column_types.of(Column(type="string")), *words) == words
