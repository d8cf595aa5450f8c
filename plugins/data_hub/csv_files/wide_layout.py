"""Files in wide layout: a record has key columns and a column for each item, and becomes a row for each item."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_hub import lineage
from data_hub.csv_files import records, rejects
from data_hub.csv_files.contract import Contract
from data_hub.csv_files.header import Header
from data_hub.csv_files.lines import Block
from data_hub.csv_files.records import Records, Splitter
from data_hub.csv_files.row_parts import ReadRows
from data_hub.pipelines.pipeline import Csv


@dataclass(frozen=True)
class _Cells:
    """Reported items: the row of each in the text, the item's name, and the cell."""

    rows: pa.Int64Array
    items: pa.DictionaryArray
    text: pa.StringArray

    def filter(self, kept: pa.BooleanArray) -> "_Cells":
        return _Cells(self.rows.filter(kept), self.items.filter(kept), self.text.filter(kept))


class WideLayout:
    """Reads the blocks of files with one header.

    Args:
        splitter: cuts records into the header's columns.
        contract: what a row must be.
        header: every column that is none of the contract is an item.
        csv: which columns of the contract take an item's name and text.

    Attributes:
        items: names under which cells, not records, are rejected.
    """

    # A record becomes a row for each item: blocks are small, so that their rows are not too many.
    BLOCK_BYTES = 2 << 20

    def __init__(self, splitter: Splitter, contract: Contract, header: Header, csv: Csv) -> None:
        self._splitter = splitter
        self._contract = contract
        items = header.unknown
        self._keys = [name for name in header.names if name not in items]
        self._positions = [position for position, name in enumerate(header.names) if name in items]
        self.items = pa.array(items.values(), pa.string())
        self._item_column = str(csv.item_column)
        self._value = contract.columns[str(csv.value_column)]

    def fitted_to(self, _block: Block) -> "WideLayout":
        """Return the same: nothing depends on how a file begins."""
        return self

    def read(self, block: Block) -> ReadRows:
        """Return the rows and rejects of a block.

        Raises:
            FileRejected: the block cannot be read.
        """
        found = self._splitter.split(block)
        keys = self._contract.convert(found.text.select(self._keys))
        cells = self._cells(found.text, keys.accepted)
        values, wrong = self._value.convert(cells.text)
        own = {self._item_column: cells.items.cast(pa.string()), self._value.name: values}
        record_lines = found.line_numbers(block)
        columns = {
            name: own[name] if name in own else keys.rows.column(name).take(cells.rows)
            for name in self._contract.schema.names
        }
        rows = pa.table({**columns, lineage.SOURCE_LINE: record_lines.take(cells.rows)})
        rows = rows.append_column(lineage.RESCUED_DATA, pa.nulls(len(rows), pa.string()))
        faults = [_of_records(block, found, keys.faults)]
        if wrong is not None:
            faults.append(self._of_cells(cells.filter(wrong), record_lines))
            rows = rows.filter(pc.invert(wrong))
        return ReadRows(rows, *_counted(faults, len(found.text) + len(found.broken)))

    def _of_cells(self, cells: _Cells, record_lines: pa.Int64Array) -> pa.Table:
        """Return cells at fault as rejects."""
        reasons = self._value.reasons(cells.text)
        columns = [record_lines.take(cells.rows), cells.items.cast(pa.string()), reasons, cells.text]
        return pa.Table.from_arrays(columns, schema=rejects.READ_SCHEMA)

    def _cells(self, text: pa.Table, accepted: pa.BooleanArray | None) -> _Cells:
        """Return the reported items of the accepted rows, row by row."""
        item_count = len(self._positions)
        by_column = pa.concat_arrays([chunk for position in self._positions for chunk in text.column(position).chunks])
        # From column by column to row by row.
        every = pa.arange(0, len(text) * item_count)
        rows = pc.divide(every, item_count)
        items = pc.subtract(every, pc.multiply(rows, item_count))
        by_row = by_column.take(pc.add(pc.multiply(items, len(text)), rows))
        reported = pc.is_valid(by_row)
        if accepted is not None:
            reported = pc.and_(reported, accepted.take(rows))
        names = pa.DictionaryArray.from_arrays(items.filter(reported).cast(pa.int32()), self.items)
        return _Cells(rows.filter(reported), names, by_row.filter(reported))


def _of_records(block: Block, found: Records, faults: pa.Table) -> pa.Table:
    positions = found.positions.take(faults.column("row").combine_chunks())
    own = records.to_rejects(block, faults.append_column("position", positions))
    return pa.concat_tables([records.to_rejects(block, found.broken), own])


def _counted(faults: list[pa.Table], record_count: int) -> tuple[pa.Table, int, int]:
    found = pa.concat_tables(faults)
    lines = found.column("source_line")
    return found.take(pc.sort_indices(lines)), record_count, pc.count_distinct(lines).as_py()
