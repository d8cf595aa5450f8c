"""A CSV file read whole: its rows and rejects, or why none of it can be used."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from data_hub import lines, reader
from data_hub.lines import ByteStream
from data_hub.pipeline import Table
from data_hub.rejects import FileRejected, Reject


@dataclass(frozen=True)
class CsvFile:
    """What a file holds.

    Attributes:
        rows: accepted rows, in parts, as ``reader.read`` gives them.
        rejects: the other rows, in line order.
        rejection: why the file is rejected as a whole, empty when it is not.
    """

    rows: list[pa.Table]
    rejects: list[Reject]
    rejection: str = ""

    @property
    def accepted_count(self) -> int:
        """Number of rows that keep the contract."""
        return sum(map(len, self.rows))


def read(name: str, stream: ByteStream, table: Table) -> CsvFile:
    """Read a file against the contract.

    Args:
        name: file name or key; one that ends in ``.gz`` is decompressed.
        stream: its bytes.
        table: the table with the contract's columns and max_reject_ratio.
    """
    try:
        parts = list(reader.read(content(name, stream), table))
    except FileRejected as rejection:
        return CsvFile([], [], str(rejection))
    rejects = [reject for part in parts for reject in part.rejects]
    file = CsvFile([part.rows for part in parts], rejects)
    return CsvFile(file.rows, rejects, _over_ratio(file.accepted_count, len(rejects), table))


def content(name: str, stream: ByteStream) -> ByteStream:
    """Return the file's content; reading what cannot be decompressed raises FileRejected."""
    return _Decompressed(stream) if name.endswith(".gz") else stream


def other_rows(stream: ByteStream, own_rejects: list[Reject]) -> Iterator[pa.Table]:
    """Yield the rows of a rejected file that break nothing themselves: ``source_line`` and ``raw_text``.

    Args:
        stream: the file's content, from the start.
        own_rejects: the rows at fault.
    """
    at_fault = pa.array([reject.line for reject in own_rejects], pa.int64())
    header_seen = False
    for block in lines.blocks(stream):
        numbers = pa.arange(block.first_line, block.first_line + len(block))
        rows = pa.table({"source_line": numbers, "raw_text": block.lines.cast(pa.string())})
        rows = rows.filter(pc.greater(pc.utf8_length(rows["raw_text"]), 0))
        if not header_seen and len(rows):
            rows, header_seen = rows.slice(1), True
        yield rows.filter(pc.invert(pc.is_in(rows["source_line"], at_fault)))


class _Decompressed:
    def __init__(self, stream: ByteStream) -> None:
        self._file = gzip.GzipFile(fileobj=cast("Any", stream))

    def read(self, size: int, /) -> bytes:
        try:
            return self._file.read(size)
        # Nothing wider: a lost connection is an OSError too, and says nothing about the file.
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileRejected(f"is named .gz but cannot be decompressed ({error}); compress it again") from error


def _over_ratio(accepted: int, rejected: int, table: Table) -> str:
    if rejected <= table.max_reject_ratio * (accepted + rejected):
        return ""
    share = rejected / (accepted + rejected)
    return (
        f"{rejected:,} of {accepted + rejected:,} rows ({share:.1%}) break the contract, more than max_reject_ratio "
        f"{table.max_reject_ratio:.1%} allows"
    )
