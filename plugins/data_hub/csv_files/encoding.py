"""Text in another encoding than UTF-8, turned into UTF-8 as it is read."""

import codecs
from typing import Literal

from data_hub.csv_files.lines import ByteStream
from data_hub.csv_files.rejects import FileRejected

Encoding = Literal["utf-8", "latin-1", "utf-16"]


def as_utf8(stream: ByteStream, encoding: Encoding) -> ByteStream:
    """Return the stream's text in UTF-8; reading what does not decode raises FileRejected.

    UTF-8 is passed on as it is: whoever cuts it into lines can say on which line it is wrong.
    """
    return stream if encoding == "utf-8" else _Transcoded(stream, encoding)


class _Transcoded:
    def __init__(self, stream: ByteStream, encoding: Encoding) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._line_ends = 0
        self._held_back = ""

    def read(self, size: int, /) -> bytes:
        while True:
            chunk = self._stream.read(size)
            text = self._decoded(chunk)
            if text or not chunk:
                return text.encode()

    def _decoded(self, chunk: bytes) -> str:
        if self._decoder is None:
            while chunk and len(chunk) < 2 and (more := self._stream.read(1)):
                chunk += more
            self._decoder = codecs.getincrementaldecoder(self._byte_order(chunk))()
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise self._rejected(error) from error
        self._count_lines(text)
        return text

    def _rejected(self, error: UnicodeDecodeError) -> FileRejected:
        before = self._held_back + error.object[: error.start].decode(error.encoding)
        line, byte, name = self._line_ends + _line_ends(before) + 1, error.object[error.start], self._encoding.upper()
        return FileRejected(f"line {line}: byte 0x{byte:02x} is not {name}; save the file as {name}")

    def _byte_order(self, start: bytes) -> str:
        if self._encoding != "utf-16":
            return self._encoding
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        # A header begins with an ASCII character: its other byte is zero.
        return "utf-16-be" if start.startswith(b"\0") else "utf-16-le"

    def _count_lines(self, text: str) -> None:
        text = self._held_back + text
        self._held_back = "\r" if text.endswith("\r") else ""
        self._line_ends += _line_ends(text.removesuffix(self._held_back))


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
