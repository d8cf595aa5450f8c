"""Answers as CSV, JSON or Parquet, whole."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import uuid
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_hub.errors import DataHubError
from local_aws.athena_text import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = ("csv", "json", "parquet")
_CELLS_AT_ONCE = 200_000
_NEEDS_QUOTES = r'^$|[",\r\n]'


def write(answer: pa.Table, format_: str, file: Path | None) -> None:
    """Write all rows to a file, or to standard output.

    Args:
        answer: the rows.
        format_: one of FORMATS.
        file: is replaced when all is written; None means standard output.

    Raises:
        DataHubError: the format cannot hold the answer, or the file cannot be written.
    """
    if format_ != "csv":
        _require_distinct_names(answer)
    try:
        with _whole(file.resolve()) if file else _standard_output() as stream:
            _write_to(answer, format_, stream)
    except OSError as error:
        raise DataHubError(f"{file or 'standard output'} cannot be written: {error.strerror or error}") from error


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column as text; NULL stays NULL."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return column.cast(pa.string())
    values = [None if value is None else text(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.string())])


def _write_to(answer: pa.Table, format_: str, stream: IO[bytes]) -> None:
    if format_ == "parquet":
        _write_parquet(answer, stream)
        return
    for part in _csv(answer) if format_ == "csv" else _json(answer):
        stream.write(part.encode())


def _write_parquet(answer: pa.Table, stream: IO[bytes]) -> None:
    try:
        pq.write_table(answer, stream)
    except pa.ArrowException as error:
        raise DataHubError(f"The answer cannot be written as Parquet: {error}; cast the column to varchar") from error


def _csv(answer: pa.Table) -> Iterator[str]:
    """Yield RFC 4180: NULL is nothing, empty text is two quotes."""
    yield _lines([pa.chunked_array([[name]], pa.string()) for name in answer.column_names])
    rows = max(_CELLS_AT_ONCE // max(answer.num_columns, 1), 1)
    for first in range(0, len(answer), rows):
        yield _lines(answer.slice(first, rows).columns)


def _lines(columns: list[pa.ChunkedArray]) -> str:
    lines = pc.binary_join_element_wise(*map(_cells, columns), ",")
    return "".join(f"{line}\r\n" for line in lines.to_pylist())


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    bare = texts(column)
    doubled = pc.replace_substring(bare, '"', '""')
    quoted = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.fill_null(pc.if_else(pc.match_substring_regex(bare, _NEEDS_QUOTES), quoted, bare), "")


def _json(answer: pa.Table) -> Iterator[str]:
    """Yield an array of objects, one a line."""
    rows = max(_CELLS_AT_ONCE // max(answer.num_columns, 1), 1)
    start = "["
    for first in range(0, len(answer), rows):
        for row in answer.slice(first, rows).to_pylist():
            yield f"{start}\n{json.dumps(_with_json_values(row), ensure_ascii=False)}"
            start = ","
    yield "[]\n" if start == "[" else "\n]\n"


def _with_json_values(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else text(value)
        case dict():
            return {name: _with_json_values(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_with_json_values(inner) for inner in value]
    # Decimals too: most readers of JSON would round them.
    return text(value)


def _require_distinct_names(answer: pa.Table) -> None:
    twice = sorted(name for name, count in Counter(answer.column_names).items() if count > 1)
    if twice:
        raise DataHubError(
            f"{len(twice)} column names stand more than once in the answer, first {twice[0]!r}: "
            "name them apart with AS, or use --format csv"
        )


@contextlib.contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    """Open standard output; a reader that leaves early, as ``head`` does, is no error."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except OSError as error:
        # Python flushes it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


@contextlib.contextmanager
def _whole(file: Path) -> Iterator[IO[bytes]]:
    """Open what becomes the file at the end, if all goes well."""
    if file.exists() and not file.is_file():
        raise DataHubError(f"{file} is no file; give another --output, or leave it out for standard output")
    partial = file.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with partial.open("xb") as stream:
            yield stream
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
