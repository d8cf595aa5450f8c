"""What ``./hub sql`` writes is what the answer holds."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from data_hub.errors import DataHubError
from hub_cli import sql_output, sql_table

HOSTILE = [
    '"',
    '""',
    ",",
    "a,b",
    "a\nb",
    "a\r\nb",
    "\r",
    "'",
    "=1+1",
    "\\N",
    "NULL",
    " x ",
    "Zürich \U0001f600",
    "`;--",
]
ANSWER = pa.table(
    {
        "text": ["", None, *HOSTILE],
        "n": [2**63 - 1, None, *range(len(HOSTILE))],
        "amount": pa.array([Decimal("0.000001"), None, *[Decimal("12345678901234567890123456789012.5")] * len(HOSTILE)],
                           pa.decimal128(38, 6)),
        'na"me,': [True, None, *[False] * len(HOSTILE)],
    }
)  # fmt: skip


def written(answer: pa.Table, format_: str, tmp_path: Path) -> bytes:
    file = tmp_path / f"answer.{format_}"
    sql_output.write(answer, format_, file)
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]
    return file.read_bytes()


def test_csv_is_rfc_4180_and_tells_null_from_empty_text(tmp_path: Path) -> None:
    content = written(ANSWER, "csv", tmp_path)
    assert content.startswith(b'text,n,amount,"na""me,"\r\n"",9223372036854775807,0.000001,true\r\n,,,\r\n')
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert [row[0] for row in rows] == ["text", "", "", *HOSTILE]
    assert {row[2] for row in rows[3:]} == {"12345678901234567890123456789012.500000"}


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"))))
def test_csv_gives_every_text_back(values: list[str | None]) -> None:
    answer = pa.table({"text": pa.array(values, pa.string()), "n": pa.array([1] * len(values), pa.int64())})
    stream = io.BytesIO()
    for part in sql_output._csv(answer):
        stream.write(part.encode())
    stream.seek(0)
    options = {
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa.csv.ConvertOptions(
            column_types=answer.schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    }
    assert pa.csv.read_csv(stream, **options).to_pydict() == answer.to_pydict()


def test_json_is_an_array_of_objects_with_decimals_as_text(tmp_path: Path) -> None:
    rows = json.loads(written(ANSWER, "json", tmp_path))
    assert [row["text"] for row in rows] == ["", None, *HOSTILE]
    assert rows[0] == {"text": "", "n": 2**63 - 1, "amount": "0.000001", 'na"me,': True}
    assert rows[1] == dict.fromkeys(ANSWER.column_names)
    assert rows[2]["amount"] == "12345678901234567890123456789012.500000"


@pytest.mark.parametrize(
    ("value", "in_csv", "in_json"),
    [
        (date(2025, 12, 31), "2025-12-31", '"2025-12-31"'),
        (datetime(2026, 2, 1, 12), "2026-02-01 12:00:00.000000", '"2026-02-01 12:00:00.000000"'),
        (datetime(2026, 2, 1, tzinfo=UTC), "2026-02-01 00:00:00.000000 UTC", '"2026-02-01 00:00:00.000000 UTC"'),
        (float("nan"), "NaN", '"NaN"'),
        (1e300, "1e+300", "1e+300"),
        (b"\x00\xff", "00 ff", '"00 ff"'),
        ([1, None], '"[1, null]"', "[1, null]"),
        ({"a": Decimal("1.50")}, "{a=1.50}", '{"a": "1.50"}'),
    ],
)
def test_values_of_other_types(tmp_path: Path, value: Any, in_csv: str, in_json: str) -> None:
    answer = pa.table({"x": [value]})
    assert "".join(sql_output._csv(answer)) == f"x\r\n{in_csv}\r\n"
    assert "".join(sql_output._json(answer)) == f'[\n{{"x": {in_json}}}\n]\n'


def test_an_answer_without_rows(tmp_path: Path) -> None:
    answer = ANSWER.slice(0, 0)
    assert written(answer, "csv", tmp_path) == b'text,n,amount,"na""me,"\r\n'
    (tmp_path / "answer.csv").unlink()
    assert written(answer, "json", tmp_path) == b"[]\n"


def test_answers_longer_than_a_batch_are_whole(tmp_path: Path) -> None:
    answer = pa.table({"n": range(450_000)})
    assert "".join(sql_output._csv(answer)).split() == ["n", *map(str, range(450_000))]
    assert [row["n"] for row in json.loads("".join(sql_output._json(answer)))] == list(range(450_000))


def test_parquet_keeps_types(tmp_path: Path) -> None:
    sql_output.write(ANSWER, "parquet", tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").equals(ANSWER)


def test_columns_of_one_name(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert written(twice, "csv", tmp_path) == b"a,a\r\n1,2\r\n"
    for format_ in ("json", "parquet"):
        with pytest.raises(DataHubError, match="1 column names stand more than once in the answer, first 'a'"):
            sql_output.write(twice, format_, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file, link = tmp_path / "a.json", tmp_path / "link.json"
    file.write_text("before")
    link.symlink_to(file)
    # No text of Python's can hold these bytes: the second batch fails.
    bad = pa.array([b"\xff"]).view(pa.string())
    answer = pa.table({"x": pa.chunked_array([pa.array(["ok"] * 200_000), bad])})
    with pytest.raises(UnicodeDecodeError):
        sql_output.write(answer, "json", link)
    assert (file.read_text(), len(list(tmp_path.iterdir()))) == ("before", 2)
    sql_output.write(pa.table({"x": [1]}), "json", link)
    assert (file.read_text(), link.is_symlink()) == ('[\n{"x": 1}\n]\n', True)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    answer = pa.table({"x": [1]})
    with pytest.raises(DataHubError, match=r"nowhere/a\.csv cannot be written: No such file or directory"):
        sql_output.write(answer, "csv", tmp_path / "nowhere" / "a.csv")
    with pytest.raises(DataHubError, match="is no file; give another --output"):
        sql_output.write(answer, "csv", tmp_path)


def test_characters_that_would_steer_the_terminal_are_shown_instead() -> None:
    text = StringIO()
    answer = pa.table({"a\x1b[1m": ["\x1b[31mred", "\u202eleft", "é 中"]})
    sql_table.show(Console(file=text, width=80), answer)
    assert "\x1b" not in text.getvalue()
    assert "\u202e" not in text.getvalue()
    assert [line.strip() for line in text.getvalue().splitlines()] == [
        "a\\x1b[1m",
        "\\x1b[31mred",
        "\\u202eleft",
        "é 中",
    ]
