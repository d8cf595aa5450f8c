"""CSV to rows that keep the contract, and rejects for all the others; every line is one or the other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from data_hub import header, lineage, lines, records
from data_hub.contract import Contract
from data_hub.header import Header
from data_hub.lines import Block, ByteStream
from data_hub.pipeline import Table
from data_hub.rejects import FileRejected, Reject


@dataclass(frozen=True)
class ReadRows:
    """What one block of a file holds.

    Attributes:
        rows: accepted rows: the contract's columns, ``source_line`` and ``_rescued_data``.
        rejects: the others, in line order.
    """

    rows: pa.Table
    rejects: list[Reject]


def read(stream: ByteStream, table: Table) -> Iterator[ReadRows]:
    """Read a CSV file with a header in UTF-8.

    Blank lines are no rows. A quoted field ends on its own line. An empty field is NULL, ``""`` is empty text.

    Args:
        stream: the file's bytes, decompressed.
        table: the table with the contract's columns.

    Yields:
        Accepted rows and rejects, block by block: each line after the header that is not blank is one of them.

    Raises:
        FileRejected: the file as a whole cannot be read; what was yielded before must not be used.
    """
    contract = Contract(table)
    head: Header | None = None
    for block in lines.blocks(stream):
        body = block
        if head is None:
            blank_lines = len(block.text) - len(block.text.lstrip(b"\n"))
            if blank_lines == len(block.text):
                continue
            head = header.read(block.lines[blank_lines].as_py(), table)
            body = block.after(blank_lines + 1)
        if body.text:
            yield _read_block(body, head, contract)
    if head is None:
        raise FileRejected("the file is empty; deliver it with a header line")


def _read_block(block: Block, head: Header, contract: Contract) -> ReadRows:
    found = records.split(block, head.names)
    rows, faults = contract.convert(found.text)
    rows = rows.append_column(lineage.SOURCE_LINE, found.line_numbers)
    rows = rows.append_column(lineage.RESCUED_DATA, _rescued(found.text, head))
    rejects = list(found.rejects)
    if faults:
        for fault in faults:
            line = found.line_numbers[fault.row].as_py()
            rejects.append(Reject(line, fault.column, fault.reason, block.raw_text(line)))
        faulty = {fault.row for fault in faults}
        rows = rows.filter(pa.array([row not in faulty for row in range(len(rows))]))
    return ReadRows(rows, sorted(rejects, key=lambda reject: reject.line))


def _rescued(text: pa.Table, head: Header) -> pa.Array:
    """Return what stands in columns that the contract does not know, as JSON; null where nothing does."""
    if not head.unknown:
        return pa.nulls(len(text), pa.string())
    rows = text.select(list(head.unknown)).rename_columns(list(head.unknown.values())).to_pylist()
    found = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return pa.array([json.dumps(row, ensure_ascii=False) if row else None for row in found], pa.string())
