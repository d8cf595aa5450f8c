"""Files in long layout: a record is a row."""

import pyarrow as pa
import pyarrow.compute as pc

from data_hub import lineage
from data_hub.csv_files import records
from data_hub.csv_files.contract import Contract
from data_hub.csv_files.lines import Block
from data_hub.csv_files.records import Records, Splitter
from data_hub.csv_files.row_parts import ReadRows
from data_hub.csv_files.unknown_columns import UnknownColumns


class LongLayout:
    """Reads the blocks of files with one header.

    Args:
        splitter: cuts records into the header's columns.
        contract: what a row must be.
        unknown: what becomes of the header's other columns.

    Attributes:
        items: names under which cells, not records, are rejected: none.
    """

    items = pa.array([], pa.string())

    def __init__(self, splitter: Splitter, contract: Contract, unknown: UnknownColumns) -> None:
        self._splitter = splitter
        self._contract = contract
        self._unknown = unknown

    def fitted_to(self, block: Block) -> "LongLayout":
        """Return one that is fast for files that begin like this block."""
        return LongLayout(self._splitter.fitted_to(block, self._contract.parsed), self._contract, self._unknown)

    def read(self, block: Block) -> ReadRows:
        """Return the rows and rejects of a block.

        Raises:
            FileRejected: the block cannot be read.
        """
        found = self._splitter.split(block)
        converted = self._contract.convert(found.text)
        rows = converted.rows.append_column(lineage.SOURCE_LINE, found.line_numbers(block))
        rows = self._unknown.add_to(rows, found.text)
        if converted.accepted is not None:
            rows = rows.filter(converted.accepted)
        rejects = _rejects(block, found, converted.faults)
        return ReadRows(rows, rejects, len(found.text) + len(found.broken), len(rejects), self._unknown.remark)


def _rejects(block: Block, found: Records, faults: pa.Table) -> pa.Table:
    rejects = records.to_rejects(block, found.broken)
    if len(faults):
        positions = found.positions.take(faults.column("row").combine_chunks())
        rejects = pa.concat_tables([rejects, records.to_rejects(block, faults.append_column("position", positions))])
    return rejects.take(pc.sort_indices(rejects.column("source_line"))) if len(rejects) else rejects
