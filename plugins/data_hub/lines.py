"""Physical lines of a text file, in blocks of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.rejects import FileRejected

BLOCK_BYTES = 16 << 20
MAX_LINE_BYTES = 256 << 20


class ByteStream(Protocol):
    """Anything that hands out bytes, such as an open file or the body of an S3 object."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@dataclass(frozen=True)
class Block:
    r"""Whole physical lines.

    Attributes:
        first_line: number of the first of them; the file's first line is 1.
        text: the lines, each ended by ``\n`` whatever ended it in the file.
    """

    first_line: int
    text: bytes

    @cached_property
    def lines(self) -> pa.Array:
        """The lines without their ends, as binary values."""
        return pc.split_pattern(pa.array([self.text], pa.large_binary()), b"\n").flatten()[:-1]

    def __len__(self) -> int:
        return self.text.count(b"\n")

    def raw_text(self, line_number: int) -> str:
        """Return a line as text; bytes that are not UTF-8 are shown as escapes."""
        line: bytes = self.lines[line_number - self.first_line].as_py()
        return line.decode("utf-8", errors="backslashreplace")

    def after(self, line_count: int) -> "Block":
        """Return what is left of the block without its first ``line_count`` lines."""
        position = 0
        for _ in range(line_count):
            position = self.text.index(b"\n", position) + 1
        return Block(self.first_line + line_count, self.text[position:])


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
    first_line, unfinished, held_back = 1, b"", b""
    while chunk := stream.read(block_bytes):
        chunk = held_back + chunk
        held_back = b"\r" if chunk.endswith(b"\r") else b""  # its \n may be the next chunk's first byte
        text = unfinished + _with_plain_line_ends(chunk.removesuffix(held_back))
        end = text.rfind(b"\n") + 1
        unfinished = text[end:]
        if end:
            block = Block(first_line, text[:end])
            yield block
            first_line += len(block)
        if len(unfinished) > MAX_LINE_BYTES:
            raise FileRejected(f"line {first_line} is longer than {MAX_LINE_BYTES >> 20} MB; is it a CSV file?")
    if unfinished or held_back:
        yield Block(first_line, unfinished + b"\n")


def _with_plain_line_ends(chunk: bytes) -> bytes:
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in chunk else chunk
