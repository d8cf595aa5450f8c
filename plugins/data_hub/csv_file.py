"""A CSV file read whole: its rows and rejects, or why none of it can be used."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa

from data_hub import lines, reader
from data_hub.lines import ByteStream
from data_hub.pipeline import Table
from data_hub.rejects import ALONG_WITH_FILE, FileRejected, Reject


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


def all_rejected(stream: ByteStream, own_rejects: list[Reject]) -> Iterator[Reject]:
    """Yield every row of a rejected file: those at fault with their own reason.

    Args:
        stream: the file's content, from the start.
        own_rejects: the rows at fault.
    """
    own = {reject.line: reject for reject in own_rejects}
    header_seen = False
    for block in lines.blocks(stream):
        for number, line in enumerate(block.lines.to_pylist(), block.first_line):
            if line and header_seen:
                yield own.get(number) or Reject(number, None, ALONG_WITH_FILE, block.raw_text(number))
            header_seen = header_seen or bool(line)


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
