"""Compressed files, by the end of their names."""

import bz2
from typing import Protocol

import pyarrow as pa

from data_hub.csv_files.lines import ByteStream
from data_hub.csv_files.rejects import FileRejected

_CODECS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2"}
# Text shrinks to a tenth or so, and never like this; the beginning of a file says little.
MAX_RATIO = 200
_UNJUDGED_BYTES = 16 << 20
_COMPRESSED_BYTES = 64 << 10


def decompressed(name: str, stream: ByteStream) -> ByteStream:
    """Return a file's content, decompressed when the end of its name says so.

    Reading raises FileRejected when the bytes cannot be decompressed, or are far more than a table's text; what
    the stream itself raises is passed on, because a lost connection says nothing about the file.
    """
    for ending, codec in _CODECS.items():
        if name.lower().endswith(ending):
            return _Decompressed(stream, ending, codec)
    return stream


class _File(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Decompressed:
    def __init__(self, stream: ByteStream, ending: str, codec: str) -> None:
        self._source = _Source(stream)
        self._ending = ending
        self._codec = codec
        self._file: _File | None = None
        self._size = 0

    def read(self, size: int, /) -> bytes:
        try:
            if self._file is None:
                self._file = _opened(self._source, self._codec)
            chunk = self._file.read(min(size, _UNJUDGED_BYTES))
        except (OSError, EOFError, pa.ArrowException) as error:
            if self._source.failure is not None:
                raise self._source.failure from None
            raise FileRejected(
                f"is named {self._ending} but cannot be decompressed ({error}); compress it again"
            ) from error
        self._size += len(chunk)
        if self._size > max(_UNJUDGED_BYTES, MAX_RATIO * self._source.size):
            raise FileRejected(
                f"holds more than {MAX_RATIO} times its size when decompressed, which no table does; is it the right "
                "file? Deliver it uncompressed if it is"
            )
        return chunk


class _Source:
    """The compressed bytes as a file object that counts them and remembers what went wrong."""

    closed = False

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.size = 0
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._stream.read(size)
        except Exception as error:
            self.failure = error
            raise
        self.size += len(chunk)
        return chunk

    def close(self) -> None:
        """Leave the stream open: its owner closes it."""


def _opened(source: _Source, codec: str) -> _File:
    if codec == "bz2":
        return _Bz2File(source)
    file: _File = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec)
    return file


class _Bz2File:
    """Members one after another: pyarrow 26 stumbles over an empty one, and bz2.BZ2File skips what is none."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._member = bz2.BZ2Decompressor()

    def read(self, size: int) -> bytes:
        while True:
            compressed = b""
            if self._member.eof:
                compressed = self._member.unused_data or self._source.read(_COMPRESSED_BYTES)
                if not compressed:
                    return b""
                self._member = bz2.BZ2Decompressor()
            elif self._member.needs_input:
                compressed = self._source.read(_COMPRESSED_BYTES)
                if not compressed:
                    return self._end()
            chunk = self._member.decompress(compressed, size)
            if chunk:
                return chunk

    def _end(self) -> bytes:
        if self._source.size:
            raise EOFError("Truncated compressed stream")
        return b""
