"""Compressed files: whole ones, several members, damaged ones, bombs, lost connections."""

import bz2
import gzip
import io
import time
import tracemalloc
from collections.abc import Callable

import pyarrow as pa
import pytest
from trap_corpus import HEADER, NO_TABLE, TABLE

from data_hub.csv_files import compression
from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.lines import ByteStream
from data_hub.csv_files.reader import Reader
from data_hub.csv_files.rejects import FileRejected
from data_hub.pipelines.pipeline import Csv

TEXT = b"".join(b"%d,text %d\n" % (number, number * 7919) for number in range(50_000))


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def content(name: str, data: bytes) -> bytes:
    stream = compression.decompressed(name, io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(10_000), b""))


each_codec = pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("a.csv.gz", gzip.compress),
        ("A.CSV.GZ", gzip.compress),
        ("a.zst", zstd),
        ("a.zstd", zstd),
        ("a.bz2", bz2.compress),
    ],
)
Compress = Callable[[bytes], bytes]


@each_codec
def test_members_one_after_another_are_one_content(name: str, compress: Compress) -> None:
    assert content(name, compress(TEXT)) == TEXT
    assert content(name, compress(TEXT) + compress(b"") + compress(b"more")) == TEXT + b"more"


@each_codec
def test_what_cannot_be_decompressed_rejects_the_file(name: str, compress: Compress) -> None:
    whole = compress(TEXT)
    for damaged in (whole[:-1], whole[: len(whole) // 2], b"plain text", whole + b"more"):
        with pytest.raises(
            FileRejected, match=r"is named \.[a-z0-9]+ but cannot be decompressed \(.+\); compress it again"
        ):
            content(name, damaged)


@each_codec
def test_a_bomb_is_refused_quickly_and_in_flat_memory(name: str, compress: Compress) -> None:
    bomb = compress(bytes(16 << 20)) * 64
    tracemalloc.start()
    arrow_before, start = pa.total_allocated_bytes(), time.process_time()
    file = CsvFile(name, io.BytesIO(bomb), Reader(TABLE, Csv()), 0.1)
    assert list(file.parts()) == []
    peak = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - arrow_before
    tracemalloc.stop()
    assert file.rejection == NO_TABLE
    assert peak < 128 << 20
    assert time.process_time() - start < 10


def test_text_that_shrinks_well_is_no_bomb() -> None:
    text = TEXT * 20
    assert content("a.gz", gzip.compress(text, 1)) == text


class LostConnection:
    def __init__(self, data: bytes) -> None:
        self._chunks = [data]

    def read(self, size: int, /) -> bytes:
        if not self._chunks:
            raise ConnectionResetError("lost")
        return self._chunks.pop()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.csv.bz2"])
def test_a_lost_connection_is_not_the_files_fault(name: str) -> None:
    data = {"gz": gzip.compress, "zst": zstd, "bz2": bz2.compress}.get(name.rpartition(".")[2], bytes)(HEADER.encode())
    stream: ByteStream = LostConnection(data[:-4] if name != "a.csv" else data)
    with pytest.raises(ConnectionResetError, match="lost"):
        list(CsvFile(name, stream, Reader(TABLE, Csv()), 0.1).parts())
