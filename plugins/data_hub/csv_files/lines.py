"""Physical lines of a text file, in blocks of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files.rejects import FileRejected

# What is read at a time; what is made of it still fits the processor's caches.
BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 256 << 20


class ByteStream(Protocol):
    """Anything that hands out bytes, such as an open file or the body of an S3 object."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@dataclass(frozen=True)
class Block:
    r"""Whole records, one on each line.

    Attributes:
        first_line: number of the block's first line; the file's first line is 1.
        text: the records, each with its line end: ``\n``, whatever it was in the file.
    """

    first_line: int
    text: bytes

    @cached_property
    def line_count(self) -> int:
        """Number of physical lines."""
        return self.text.count(b"\n")

    @property
    def record_count(self) -> int:
        """Number of records, blank ones too."""
        return self.line_count

    @cached_property
    def records(self) -> pa.LargeBinaryArray:
        """The records with their line ends, blank ones too: a view of the text, no copy."""
        return views(self.text, line_ends(self.text))

    @property
    def first_record(self) -> bytes:
        """The first of the records."""
        return self.text[: self.text.index(b"\n") + 1]

    @cached_property
    def line_numbers(self) -> pa.Int64Array:
        """The physical line of each record."""
        return pa.arange(self.first_line, self.first_line + self.line_count)

    @property
    def broken(self) -> pa.Table | None:
        """Records known to be none already: ``position`` and ``reason``; None when nobody has looked."""
        return None

    @property
    def are_blank(self) -> pa.BooleanArray:
        """Whether each record is a line end only."""
        return pc.is_in(self.records, value_set=_BLANK)

    def without_first(self, record_count: int) -> "Block":
        """Return what is left of the block without its first records."""
        if not record_count:
            return self
        position = 0
        for _ in range(record_count):
            position = self.text.index(b"\n", position) + 1
        return Block(self.first_line + record_count, self.text[position:])


_BLANK = pa.array([b"\n", b"\r\n", b"\r"], pa.large_binary())


def views(text: bytes, ends: pa.Int64Array) -> pa.LargeBinaryArray:
    """Return the pieces of a text as values that share its memory.

    Args:
        text: all of it.
        ends: where each piece ends, and the next one starts.
    """
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends.cast(pa.int64())])
    buffers = [None, offsets.buffers()[1], pa.py_buffer(text)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)


def line_ends(text: bytes) -> pa.Int64Array:
    r"""Return where each line ends, behind its ``\n``."""
    whole = views(text, pa.array([len(text)], pa.int64()))
    lengths = pc.binary_length(pc.split_pattern(whole, b"\n").flatten()[:-1])
    return pc.cumulative_sum(pc.add(lengths, pa.scalar(1, lengths.type)))


def joined(records: pa.LargeBinaryArray) -> bytes:
    """Return the text of records that were just filtered or taken."""
    buffer = records.buffers()[2]
    return buffer.to_pybytes()[: pc.sum(pc.binary_length(records)).as_py() or 0] if buffer else b""


def blocks(stream: ByteStream, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    r"""Cut a stream into blocks of whole lines.

    ``\n``, ``\r\n`` and a lone ``\r`` end a line, as text editors count them; a last line without an end counts too.

    Args:
        stream: the file's bytes.
        block_bytes: how much is read at a time; a block is larger only when one line is.

    Yields:
        Blocks in order, none of them empty.

    Raises:
        FileRejected: a line is longer than MAX_LINE_BYTES.
    """
    first_line = 1
    try:
        for text in whole_lines(stream, block_bytes):
            block = Block(first_line, with_plain_ends(text))
            yield block
            first_line += block.line_count
    except LineTooLong:
        raise too_long(first_line) from None


class LineTooLong(Exception):
    """The line after those that were yielded is longer than MAX_LINE_BYTES."""


def too_long(line: int) -> FileRejected:
    """Return the rejection of a file for the length of a record."""
    return FileRejected(f"line {line} is longer than {MAX_LINE_BYTES >> 20} MB; is it a CSV file?")


def whole_lines(stream: ByteStream, block_bytes: int) -> Iterator[bytes]:
    r"""Cut a stream behind line ends, which stay as they are.

    Yields:
        Text that ends with a line end; the file's last line gets the ``\n`` that it lacks.

    Raises:
        LineTooLong: instead of reading on.
    """
    unfinished: list[bytes] = []
    length, held_back = 0, b""
    for read in _chunks(stream, block_bytes):
        chunk = held_back + read
        held_back = b"\r" if chunk.endswith(b"\r") else b""  # its \n may be the next chunk's first byte
        last = len(chunk) - len(held_back)
        end = max(chunk.rfind(b"\n", 0, last), chunk.rfind(b"\r", 0, last)) + 1
        if end:
            yield b"".join([*unfinished, memoryview(chunk)[:end]])
            unfinished, length = [], 0
        unfinished.append(chunk[end:last])
        length += last - end
        if length > MAX_LINE_BYTES:
            raise LineTooLong
    rest = b"".join([*unfinished, held_back])
    if rest:
        yield rest if held_back else rest + b"\n"


def _chunks(stream: ByteStream, size: int) -> Iterator[bytes]:
    while chunk := stream.read(size):
        parts, missing = [chunk], size - len(chunk)
        while missing > 0 and (more := stream.read(missing)):
            parts.append(more)
            missing -= len(more)
        yield b"".join(parts) if len(parts) > 1 else chunk
        if missing > 0:
            return


def with_plain_ends(text: bytes) -> bytes:
    r"""Return the text with ``\n`` for every line end."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
