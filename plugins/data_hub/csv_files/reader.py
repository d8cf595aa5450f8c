"""CSV to rows that keep the contract, and rejects for all the others; every record is one or the other."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files import encoding, header, in_order, lines, multiline, records, rejects
from data_hub.csv_files.contract import Contract
from data_hub.csv_files.dialect import Dialect
from data_hub.csv_files.lines import Block, ByteStream
from data_hub.csv_files.long_layout import LongLayout
from data_hub.csv_files.records import Splitter
from data_hub.csv_files.rejects import FileRejected
from data_hub.csv_files.row_parts import ReadRows
from data_hub.csv_files.unknown_columns import UnknownColumns
from data_hub.csv_files.wide_layout import WideLayout
from data_hub.pipelines.pipeline import Csv, Table

__all__ = ["ReadRows", "Reader"]

_KNOWN_HEADERS = 100
Layout = LongLayout | WideLayout
Result = TypeVar("Result")


class Reader:
    """Reads the files of one pipeline.

    Args:
        table: the table with the contract's columns.
        csv: how the text of the files is to be read.
        taken: names that the table's other columns have which are not text; columns of files with these names are
            rescued.
    """

    def __init__(self, table: Table, csv: Csv, taken: frozenset[str] = frozenset()) -> None:
        self._taken = taken
        self._table = table
        self._csv = csv
        self._contract = Contract(table)
        self._dialect = Dialect(csv)
        self._layouts: dict[bytes, Layout] = {}

    def read(self, stream: ByteStream) -> Iterator[ReadRows]:
        """Read a file with a header.

        Blank lines are no records. An empty field is NULL, ``""`` is empty text.

        Args:
            stream: the file's bytes, decompressed.

        Yields:
            Rows and rejects, part by part: each record after the header that is not blank is one of them.

        Raises:
            FileRejected: the file as a whole cannot be read; what was yielded before must not be used.
        """
        return self._mapped(stream, _read)

    def read_as_rejected(self, stream: ByteStream) -> Iterator[pa.Table]:
        """Read a file whose records are all rejects: for their own faults, or along with the file.

        In a wide file a record with nothing but bad cells is both.

        Yields:
            Rejects (rejects.READ_SCHEMA), part by part.

        Raises:
            FileRejected: the file as a whole cannot be read.
        """
        return self._mapped(stream, _read_as_rejected)

    def _mapped(self, stream: ByteStream, work: Callable[[Layout, Block], Result]) -> Iterator[Result]:
        blocks = self._blocks(encoding.as_utf8(stream, self._csv.encoding))
        first, blank_count = _first_with_text(blocks)
        header_line = first.without_first(blank_count)
        body = header_line.without_first(1)
        layout = self._layout(header_line.first_record).fitted_to(body)
        bodies = (block for block in chain([body], blocks) if block.text)
        yield from in_order.mapped(lambda block: work(layout, block), bodies)

    def _blocks(self, stream: ByteStream) -> Iterator[Block]:
        size = WideLayout.BLOCK_BYTES if self._csv.layout == "wide" else lines.BLOCK_BYTES
        if self._dialect.multiline:
            return multiline.blocks(stream, size, self._dialect)
        return lines.blocks(stream, size)

    def _layout(self, record: bytes) -> Layout:
        if record not in self._layouts:
            found = header.read(record.rstrip(b"\r\n"), self._table, self._csv)
            if len(self._layouts) >= _KNOWN_HEADERS:
                self._layouts.clear()
            self._layouts[record] = self._layout_of(found)
        return self._layouts[record]

    def _layout_of(self, found: header.Header) -> Layout:
        splitter = Splitter(found.names, self._dialect)
        if self._csv.layout == "wide":
            return WideLayout(splitter, self._contract, found, self._csv)
        return LongLayout(splitter, self._contract, UnknownColumns(found, self._table, self._taken))


def _first_with_text(blocks: Iterator[Block]) -> tuple[Block, int]:
    """Return the first block that is not blank, and how many of its records are blank before another one."""
    for block in blocks:
        if block.text[0] not in b"\r\n":
            return block, 0
        blank_count = block.are_blank.index(pa.scalar(value=False)).as_py()
        if blank_count >= 0:
            return block, blank_count
    raise FileRejected("the file is empty; deliver it with a header line")


def _read(layout: Layout, block: Block) -> ReadRows:
    return layout.read(block)


def _read_as_rejected(layout: Layout, block: Block) -> pa.Table:
    own = layout.read(block).rejects
    # The reject of a cell says nothing of the record's other cells.
    whole = own.filter(pc.invert(pc.is_in(own.column("column_name"), value_set=layout.items)))
    at_fault = pc.is_in(block.line_numbers, value_set=whole.column("source_line").combine_chunks())
    others = pc.indices_nonzero(pc.invert(pc.or_(at_fault, block.are_blank))).cast(pa.int64())
    has_cells_at_fault = pc.is_in(block.line_numbers.take(others), value_set=own.column("source_line").combine_chunks())
    reasons = pc.if_else(has_cells_at_fault, rejects.BESIDES_ITS_CELLS, rejects.ALONG_WITH_FILE)
    along = records.to_rejects(block, pa.table([others, reasons], schema=records.BROKEN))
    found = pa.concat_tables([own, along])
    return found.take(pc.sort_indices(found.column("source_line")))
