"""Text in, rows and faults out: each row keeps the contract or has one fault, plain and dictionary-encoded alike."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_hub.csv_files.contract import FAULTS, Contract, Converted
from data_hub.pipelines.pipeline import Table

COLUMNS = {
    "series": {"type": "string", "required": True},
    "aod": {"type": "date", "format": "yyyymmdd", "required": True},
    "value": {"type": "decimal(10,2)"},
    "note": {"type": "string"},
}
EMPTY = "is empty, a value is required"
Words = Sequence[str | None]


def contract_of(columns: Mapping[str, Mapping[str, object]]) -> Contract:
    return Contract(Table.model_validate({"name": "t", "max_reject_ratio": 1.0, "columns": columns}))


CONTRACT = contract_of(COLUMNS)


def plain(columns: Mapping[str, Words]) -> pa.Table:
    return pa.table({name: pa.array(words, pa.string()) for name, words in columns.items()})


def encoded(text: pa.Table) -> pa.Table:
    return pa.table({name: text[name].combine_chunks().dictionary_encode() for name in text.column_names})


def convert(columns: Mapping[str, Words], contract: Contract = CONTRACT) -> Converted:
    """Convert plain text, and see that dictionaries and chunks give the same."""
    text = plain(columns)
    converted = contract.convert(text)
    halves = [encoded(text.slice(0, len(text) // 2)), encoded(text.slice(len(text) // 2))]
    for other in (encoded(text), pa.concat_tables(halves)):
        again = contract.convert(other)
        assert again.rows.equals(converted.rows)
        assert again.faults.equals(converted.faults)
        assert again.accepted == converted.accepted
    assert converted.rows.schema == contract.schema
    assert converted.faults.schema == FAULTS
    return converted


def faults(converted: Converted) -> list[tuple[int, str, str]]:
    return [tuple(fault.values()) for fault in converted.faults.to_pylist()]


GOOD = {"series": "FRY9C", "aod": "20251231", "value": "1.5", "note": "x"}


def rows_with(**changed: str | None) -> dict[str, list[str | None]]:
    """Return three rows, of which the second has other text."""
    return {name: [word, changed.get(name, word), word] for name, word in GOOD.items()}


def test_rows_that_keep_the_contract_have_its_types_and_no_faults() -> None:
    converted = convert(rows_with())
    assert converted.accepted is None
    assert len(converted.faults) == 0
    assert converted.rows.to_pylist()[0] == {
        "series": "FRY9C",
        "aod": date(2025, 12, 31),
        "value": pytest.approx(1.5),
        "note": "x",
    }


@pytest.mark.parametrize(
    ("column", "word", "reason"),
    [
        ("aod", "20250229", "'20250229' is no yyyymmdd date"),
        ("value", "1.234", "'1.234' is no decimal(10,2)"),
        ("value", "9" * 81, f"'{'9' * 77}...' is no decimal(10,2)"),
        ("value", "ü" * 80, f"'{'ü' * 80}' is no decimal(10,2)"),
        ("aod", "", EMPTY),
        ("aod", None, EMPTY),
        ("series", "", EMPTY),
        ("series", None, EMPTY),
    ],
)
def test_a_row_with_a_fault_is_named_with_column_and_reason(column: str, word: str | None, reason: str) -> None:
    converted = convert(rows_with(**{column: word}))
    assert faults(converted) == [(1, column, reason)]
    assert converted.accepted is not None
    assert converted.accepted.to_pylist() == [True, False, True]


@pytest.mark.parametrize(
    ("column", "word", "value"), [("value", "", None), ("value", None, None), ("note", "", ""), ("note", None, None)]
)
def test_nothing_in_an_optional_column_is_null_and_quoted_nothing_is_empty_text(
    column: str, word: str | None, value: str | None
) -> None:
    converted = convert(rows_with(**{column: word}))
    assert converted.accepted is None
    assert converted.rows.column(column)[1].as_py() == value


def test_the_first_column_of_the_contract_at_fault_is_the_one_that_is_told() -> None:
    converted = convert({"value": ["x", "x", "1"], "aod": ["20251231", "y", "z"], "series": ["a", "b", None]})
    assert faults(converted) == [
        (0, "value", "'x' is no decimal(10,2)"),
        (1, "aod", "'y' is no yyyymmdd date"),
        (2, "series", EMPTY),
    ]


def test_missing_columns_are_null_and_columns_of_others_are_left_out() -> None:
    converted = convert({"series": ["a"], "aod": ["20251231"], "other": ["x"]})
    assert converted.rows.to_pylist() == [{"series": "a", "aod": date(2025, 12, 31), "value": None, "note": None}]


def test_a_word_of_a_dictionary_that_no_row_has_is_no_fault() -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["20251231", "never"]))
    converted = CONTRACT.convert(pa.table({"series": pa.array(["a", "b"]), "aod": words}))
    assert converted.accepted is None


def test_a_null_among_the_words_of_a_dictionary_is_null() -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int32()), pa.array(["20251231", None]))
    converted = CONTRACT.convert(pa.table({"series": pa.array(["a", "b", "c"]), "aod": words}))
    assert faults(converted) == [(0, "aod", EMPTY), (2, "aod", EMPTY)]


def test_one_column_alone_can_be_converted() -> None:
    column = CONTRACT.columns["value"]
    text = pa.array(["1.25", None, "x", ""])
    values, wrong = column.convert(text)
    assert [str(value) for value in values.to_pylist()] == ["1.25", "None", "None", "None"]
    assert wrong is not None
    assert wrong.to_pylist() == [False, False, True, False]
    assert column.reasons(text.filter(wrong)).to_pylist() == ["'x' is no decimal(10,2)"]


def test_no_rows_are_no_faults() -> None:
    converted = convert({name: [] for name in COLUMNS})
    assert (len(converted.rows), len(converted.faults), converted.accepted) == (0, 0, None)


def expected_fault(row: Mapping[str, str | None]) -> str | None:
    """Return the column at fault, cell by cell."""
    for name, column in COLUMNS.items():
        word, fits = row[name], {"aod": ["20251231"], "value": ["1", "-2.50", "20251231"]}.get(name)
        if not word:
            if column.get("required"):
                return name
        elif fits and word not in fits:
            return name
    return None


WORDS = st.none() | st.sampled_from(["", "20251231", "1", "-2.50", "x", "2.505"])


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, WORDS))))
def test_each_row_is_accepted_or_has_the_fault_of_its_first_wrong_cell(rows: list[dict[str, Any]]) -> None:
    converted = convert({name: [row[name] for row in rows] for name in COLUMNS})
    expected = {number: name for number, row in enumerate(rows) if (name := expected_fault(row))}
    assert {row: column for row, column, _ in faults(converted)} == expected
    assert [row for row, _, _ in faults(converted)] == sorted(expected)
    accepted = converted.accepted.to_pylist() if converted.accepted else [True] * len(rows)
    assert accepted == [number not in expected for number in range(len(rows))]
