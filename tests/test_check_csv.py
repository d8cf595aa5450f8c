"""``hub check`` of CSV files."""

import gzip
import io
from pathlib import Path

import pytest
from collections_pipeline import HEADER_V1, row_v1
from rich.console import Console

from hub_cli.check import check


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


def run(path: Path, content: bytes, printed: io.StringIO) -> bool:
    path.write_bytes(content)
    return check(Console(file=printed, width=200), (path,), "collections")


def test_a_good_file_is_counted(tmp_path: Path, printed: io.StringIO) -> None:
    assert run(tmp_path / "a.csv.gz", gzip.compress(HEADER_V1 + row_v1() * 3), printed)
    assert "a.csv.gz: 3 rows read = 3 good + 0 rejected" in printed.getvalue()


def test_bad_rows_are_shown_with_their_reasons(tmp_path: Path, printed: io.StringIO) -> None:
    assert not run(tmp_path / "a.csv", HEADER_V1 + row_v1() + b"short\n" * 25 + row_v1(rssdid="x"), printed)
    text = printed.getvalue()
    assert "27 rows read = 1 good + 26 rejected" in text
    assert "1 fields, expected 6" in text
    assert "… 6 more" in text
    assert "The whole file would be rejected: 26 of 27 rows" in text


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, printed: io.StringIO) -> None:
    assert not run(tmp_path / "a.csv", HEADER_V1 + row_v1() + b"\xff\n", printed)
    assert "0 rows read = 0 good + 0 rejected" in printed.getvalue()
    assert "line 3: byte 0xff is not UTF-8" in printed.getvalue()
