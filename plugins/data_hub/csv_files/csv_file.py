"""A CSV file read to its end: its rows and rejects, or why none of it can be used."""

from collections.abc import Iterator

import pyarrow as pa

from data_hub.csv_files import compression
from data_hub.csv_files.lines import ByteStream
from data_hub.csv_files.reader import Reader
from data_hub.csv_files.rejects import FileRejected
from data_hub.csv_files.row_parts import ReadRows


class CsvFile:
    """One file, read against the contract.

    Args:
        name: file name or key; its end says how the file is compressed.
        stream: its bytes.
        reader: the pipeline's.
        max_reject_ratio: share of rejected records (0 to 1) above which the whole file is rejected.

    Attributes:
        rejection: once ``parts`` is exhausted: why the file is rejected as a whole, empty when it is not. Its rows
            must not be used then.
        remark: what is odd about its columns, though no reason to reject it; empty when nothing is.
        rejected_by_ratio: whether that is because of its rejects; ``rejected_parts`` then gives all its records.
    """

    def __init__(self, name: str, stream: ByteStream, reader: Reader, max_reject_ratio: float) -> None:
        self._name = name
        self._stream = stream
        self._reader = reader
        self._max_reject_ratio = max_reject_ratio
        self.rejection = ""
        self.remark = ""
        self.rejected_by_ratio = False

    def parts(self) -> Iterator[ReadRows]:
        """Yield rows and rejects; a file that cannot be read ends early."""
        records = rejected = 0
        try:
            for part in self._reader.read(compression.decompressed(self._name, self._stream)):
                records += part.record_count
                rejected += part.rejected_count
                self.remark = part.remark
                yield part
        except FileRejected as rejection:
            self.rejection = str(rejection)
            return
        if rejected and rejected / records > self._max_reject_ratio:
            self.rejected_by_ratio = True
            self.rejection = (
                f"{rejected:,} of {records:,} rows ({rejected / records:.1%}) break the contract, more than "
                f"max_reject_ratio {self._max_reject_ratio:.1%} allows"
            )

    def rejected_parts(self, again: ByteStream) -> Iterator[pa.Table]:
        """Yield every record of a file that was rejected by its ratio, as a reject.

        Args:
            again: the same bytes from the start.
        """
        yield from self._reader.read_as_rejected(compression.decompressed(self._name, again))
