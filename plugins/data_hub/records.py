"""Lines split into fields: every line that is not blank is one record, or a reject."""

import codecs
import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from data_hub.lines import Block
from data_hub.rejects import FileRejected, Reject

# One record on one line: fields that are empty, or do not start with a quote, or are quoted to their end (RFC 4180).
_FIELD = r'(?:|[^",\n][^,\n]*|"(?:[^"]|"")*")'
_WELL_QUOTED = rf"\A{_FIELD}(?:,{_FIELD})*\z"


@dataclass(frozen=True)
class Records:
    """The records of a block.

    Attributes:
        text: one column of strings for each column of the file.
        line_numbers: the physical line of each record.
        rejects: lines that are no records.
    """

    text: pa.Table
    line_numbers: pa.Array
    rejects: list[Reject]


def split(block: Block, names: tuple[str, ...]) -> Records:
    """Split the lines of a block into fields.

    Args:
        block: lines without the header.
        names: a name for each column.

    Raises:
        FileRejected: the text is not UTF-8.
    """
    _require_utf8(block)
    csv_text, line_numbers, rejects = _well_quoted_lines(block)
    text, ragged = _fields(csv_text, names)
    for position, field_count in ragged.items():
        line = line_numbers[position].as_py()
        rejects.append(Reject(line, None, f"{field_count} fields, expected {len(names)}", block.raw_text(line)))
    if ragged:
        line_numbers = line_numbers.filter(pa.array([row not in ragged for row in range(len(line_numbers))]))
    if len(line_numbers) != len(text):
        last_line = block.first_line + len(block) - 1
        raise FileRejected(
            f"lines {block.first_line} to {last_line}: {len(line_numbers)} lines gave {len(text)} records; "
            "please report this file"
        )
    return Records(text, line_numbers, rejects)


def _well_quoted_lines(block: Block) -> tuple[bytes, pa.Array, list[Reject]]:
    """Return the text of the lines whose quotes close, the numbers of those that are not blank, and the rejects."""
    line_numbers = pa.arange(block.first_line, block.first_line + len(block))
    has_quotes = b'"' in block.text
    if not has_quotes and not _has_blank_line(block):
        return block.text, line_numbers, []
    keep = pc.greater(pc.binary_length(block.lines), 0)
    if not has_quotes:
        return block.text, line_numbers.filter(keep), []
    broken = pc.and_(keep, pc.invert(pc.match_substring_regex(block.lines, _WELL_QUOTED)))
    reason = "a quote is not closed on its line, or text follows the closing quote"
    rejects = [Reject(line, None, reason, block.raw_text(line)) for line in line_numbers.filter(broken).to_pylist()]
    keep = pc.and_(keep, pc.invert(broken))
    text = b"".join(line + b"\n" for line in block.lines.filter(keep).to_pylist()) if rejects else block.text
    return text, line_numbers.filter(keep), rejects


def _has_blank_line(block: Block) -> bool:
    return block.text.startswith(b"\n") or b"\n\n" in block.text


def _fields(text: bytes, names: tuple[str, ...]) -> tuple[pa.Table, dict[int, int]]:
    """Return columns of strings, and the ragged rows: position among all rows to number of fields."""
    if not text.strip(b"\n"):
        return pa.table({name: pa.array([], pa.string()) for name in names}), {}
    ragged: list[csv.InvalidRow] = []
    table = _read_csv(text, names, ragged, use_threads=True)
    if ragged:  # pyarrow numbers rows only without threads
        ragged.clear()
        table = _read_csv(text, names, ragged, use_threads=False)
    return table, {row.number - 1: row.actual_columns for row in ragged}


def _read_csv(text: bytes, names: tuple[str, ...], ragged: list[csv.InvalidRow], *, use_threads: bool) -> pa.Table:
    def skip(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    if text.startswith(codecs.BOM_UTF8):
        # pyarrow drops a byte order mark at the start of what it reads; here it belongs to a value.
        text = codecs.BOM_UTF8 + text
    return csv.read_csv(
        io.BytesIO(text),
        read_options=csv.ReadOptions(
            column_names=list(names), use_threads=use_threads, block_size=max(1 << 20, len(text))
        ),
        parse_options=csv.ParseOptions(invalid_row_handler=skip),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _require_utf8(block: Block) -> None:
    try:
        pa.array([block.text], pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid as invalid:
        for number, line in enumerate(block.lines.to_pylist(), block.first_line):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = line[error.start]
                raise FileRejected(f"line {number}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8") from error
        raise FileRejected(f"cannot be read as CSV: {invalid}") from invalid
