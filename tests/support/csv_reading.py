"""Reads CSV text as a test wants to see it."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from collections_pipeline import PIPELINE

from data_hub.csv_files import lines
from data_hub.csv_files.reader import Reader, ReadRows
from data_hub.csv_files.wide_layout import WideLayout
from data_hub.pipelines.pipeline import Csv, Table

Row = dict[str, Any]


def parts(text: bytes, csv: Csv | None = None, table: Table | None = None) -> list[ReadRows]:
    """Return what the reader makes of a file's text."""
    return list(Reader(table or PIPELINE.table, csv or Csv()).read(io.BytesIO(text)))


def read(text: bytes, csv: Csv | None = None, table: Table | None = None) -> tuple[list[Row], list[Row]]:
    """Return rows and rejects."""
    found = parts(text, csv, table)
    return [row for part in found for row in part.rows.to_pylist()], [
        reject for part in found for reject in part.rejects.to_pylist()
    ]


def faults(text: bytes, csv: Csv | None = None, table: Table | None = None) -> list[tuple[int, str | None, str]]:
    """Return line, column and reason of each reject."""
    rejects = read(text, csv, table)[1]
    return [(reject["source_line"], reject["column_name"], reject["reason"]) for reject in rejects]


def with_blocks_of(block_bytes: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> Any:
    """Return what the work gives when files are read in blocks of that size."""
    with monkeypatch.context() as patched:
        patched.setattr(lines, "BLOCK_BYTES", block_bytes)
        patched.setattr(WideLayout, "BLOCK_BYTES", block_bytes)
        return work()
