"""Records whose fields in quotes go over lines (RFC 4180), in blocks of bounded size.

Lines that are records of their own are found all at once; only a record of several lines is looked at one by one.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files import lines
from data_hub.csv_files.dialect import Dialect
from data_hub.csv_files.lines import Block, ByteStream, LineTooLong
from data_hub.csv_files.records import BROKEN

MAX_FIELD_LINES = 1000
TEXT_FOLLOWS = "text follows a closing quote"
_ANY_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class RecordBlock(Block):
    """Whole records, some of them of several lines.

    Attributes:
        ends: where each record ends in the text.
        starting_lines: the first physical line of each record.
        faults: records that are none: ``position`` and ``reason``.
    """

    ends: pa.Int64Array
    starting_lines: pa.Int64Array
    faults: pa.Table

    @property
    def record_count(self) -> int:
        """Number of records, blank ones too."""
        return len(self.ends)

    @cached_property
    def records(self) -> pa.LargeBinaryArray:
        """The records with their line ends."""
        return lines.views(self.text, self.ends)

    @property
    def first_record(self) -> bytes:
        """The first of the records."""
        return bytes(self.records[0].as_py())

    @property
    def line_numbers(self) -> pa.Int64Array:
        """The first physical line of each record."""
        return self.starting_lines

    @property
    def broken(self) -> pa.Table:
        """Records that are none."""
        return self.faults

    def without_first(self, record_count: int) -> "RecordBlock":
        """Return what is left of the block without its first records."""
        if not record_count:
            return self
        start = self.ends[record_count - 1].as_py()
        kept = self.faults.filter(pc.greater_equal(self.faults.column("position"), record_count))
        positions = pc.subtract(kept.column("position"), record_count)
        return RecordBlock(
            self.starting_lines[record_count].as_py() if record_count < len(self.ends) else self.first_line,
            self.text[start:],
            pc.subtract(self.ends.slice(record_count), start),
            self.starting_lines.slice(record_count),
            kept.set_column(0, "position", positions),
        )


@dataclass(frozen=True)
class _Cut:
    """The whole records of a text, what is left of it, and why all that is left is rejected (empty: it is not)."""

    block: Block | None
    left: int
    line_count: int
    tail: str = ""


def blocks(stream: ByteStream, block_bytes: int, dialect: Dialect) -> Iterator[Block]:
    """Cut a stream into blocks of whole records.

    A field of more than MAX_FIELD_LINES lines, or one that does not end before the file does, makes every line from
    its record's first one on a broken record.

    Args:
        stream: the file's bytes.
        block_bytes: how much is read at a time.
        dialect: how fields are cut.

    Yields:
        Blocks in order, none of them empty.

    Raises:
        FileRejected: a record is longer than MAX_LINE_BYTES.
    """
    cutter, texts = _Cutter(dialect), lines.whole_lines(stream, block_bytes)
    try:
        yield from cutter.blocks(texts)
    except LineTooLong:
        raise lines.too_long(cutter.first_line) from None


class _Cutter:
    def __init__(self, dialect: Dialect) -> None:
        self.first_line = 1
        self._dialect = dialect
        self._scanner = _Scanner(dialect)

    def blocks(self, texts: Iterator[bytes]) -> Iterator[Block]:
        parts: list[bytes] = []
        size = wanted = 0
        for text in texts:
            parts.append(text)
            size += len(text)
            # What is left of a record is looked at again only when it doubled: time stays linear.
            if size < wanted:
                continue
            whole = b"".join(parts)
            cut = self._cut(whole, final=False)
            yield from self._taken(cut, whole, texts)
            if cut.tail:
                return
            parts, size = [whole[cut.left :]], len(whole) - cut.left
            wanted = 2 * size
            if size > lines.MAX_LINE_BYTES:
                raise LineTooLong
        whole = b"".join(parts)
        if whole:
            yield from self._taken(self._cut(whole, final=True), whole, texts)

    def _taken(self, cut: _Cut, text: bytes, more: Iterator[bytes]) -> Iterator[Block]:
        if cut.block is not None:
            yield cut.block
        self.first_line += cut.line_count
        if cut.tail:
            yield from self._tail(text[cut.left :], more, cut.tail)

    def _tail(self, text: bytes, more: Iterator[bytes], reason: str) -> Iterator[Block]:
        """Yield blocks of broken records, one for each line, until the stream ends."""
        for part in _prepended(text, more):
            plain = Block(self.first_line, lines.with_plain_ends(part))
            found = pc.indices_nonzero(pc.invert(plain.are_blank)).cast(pa.int64())
            faults = pa.table([found, pa.repeat(reason, len(found))], schema=BROKEN)
            yield RecordBlock(self.first_line, plain.text, _ends(plain.text), plain.line_numbers, faults)
            self.first_line += plain.line_count

    def _cut(self, text: bytes, *, final: bool) -> _Cut:
        if b'"' not in text:
            block = Block(self.first_line, lines.with_plain_ends(text))
            return _Cut(block, len(text), block.line_count)
        ends = _ends(text)
        whole = pc.match_substring_regex(lines.views(text, ends), self._dialect.whole_line)
        return self._records(text, ends, pc.indices_nonzero(pc.invert(whole)).to_pylist(), final=final)

    def _records(self, text: bytes, line_ends: pa.Int64Array, open_lines: list[int], *, final: bool) -> _Cut:
        """Return the records of a text of which all lines but the open ones are records, unless they are inside one."""
        ends = line_ends.to_pylist() if open_lines else []
        inside, faults = list[int](), list[int]()
        next_line, line_count, left, tail = 0, len(line_ends), len(text), ""
        for line in open_lines:
            if line < next_line:
                continue
            found = self._scanner.scan(text, ends[line - 1] if line else 0)
            if not found.end:
                line_count, left = line, ends[line - 1] if line else 0
                tail = self._tail_reason(ends, found.opening, final=final)
                break
            # A fault lies within a line, a record ends with one.
            next_line = bisect_left(ends, found.end) + 1
            inside.extend(range(line + 1, next_line))
            if found.is_broken:
                faults.append(line)
        block = self._block(text[:left], line_ends.slice(0, line_count), inside, faults)
        return _Cut(block if line_count else None, left, line_count, tail)

    def _tail_reason(self, ends: list[int], opening: int, *, final: bool) -> str:
        line = bisect_right(ends, opening)
        if len(ends) - line > MAX_FIELD_LINES:
            why = f"is longer than {MAX_FIELD_LINES:,} lines"
        elif final:
            why = "does not end before the file does"
        else:
            return ""
        return f"the field in quotes that begins on line {self.first_line + line} {why}"

    def _block(self, text: bytes, line_ends: pa.Int64Array, inside: list[int], faults: list[int]) -> Block:
        every = pa.arange(0, len(line_ends))
        starts = every.filter(pc.invert(pc.is_in(every, value_set=pa.array(inside, pa.int64()))))
        # A record ends where the line before the next record does.
        last = pa.concat_arrays([pc.subtract(starts.slice(1), 1), every.slice(max(len(every) - 1, 0))])
        positions = pc.index_in(pa.array(faults, pa.int64()), value_set=starts).cast(pa.int64())
        broken = pa.table([positions, pa.repeat(TEXT_FOLLOWS, len(positions))], schema=BROKEN)
        numbers = pc.add(starts, self.first_line)
        return RecordBlock(self.first_line, text, line_ends.take(last), numbers, broken)


@dataclass(frozen=True)
class _Scanned:
    """Where a record ends (0: its last field does not), where that field opens, and whether the record is broken."""

    end: int
    opening: int = 0
    is_broken: bool = False


class _Scanner:
    def __init__(self, dialect: Dialect) -> None:
        self._delimiter = ord(dialect.delimiter)
        self._plain = re.compile(dialect.plain_field.encode())
        self._quoted = re.compile(rb'"(?:[^"]++|"")*+"')

    def scan(self, text: bytes, start: int) -> _Scanned:
        """Look for the end of the record that starts at a position of the text."""
        position = start
        while True:
            field = (self._quoted if text[position] == ord('"') else self._plain).match(text, position)
            if field is None or _line_ends(field[0]) >= MAX_FIELD_LINES:
                return _Scanned(0, position)
            position = field.end()
            if text[position] == self._delimiter:
                position += 1
                continue
            line_end = _ANY_LINE_END.match(text, position)
            if line_end is not None:
                return _Scanned(line_end.end())
            following = _ANY_LINE_END.search(text, position)
            return _Scanned(following.end() if following else len(text), is_broken=True)


def _line_ends(text: bytes) -> int:
    return text.count(b"\n") + (text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else 0)


def _ends(text: bytes) -> pa.Int64Array:
    """Return where each line ends."""
    if text.count(b"\r") != text.count(b"\r\n"):
        return pa.array([found.end() for found in _ANY_LINE_END.finditer(text)], pa.int64())
    return lines.line_ends(text)


def _prepended(text: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    if text:
        yield text
    yield from more
