"""The contract: what a row must be to enter the table."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_hub import column_types
from data_hub.column_types import ColumnType
from data_hub.pipeline import Table
from data_hub.wording import shortened


@dataclass(frozen=True)
class Fault:
    """Why one row of a batch breaks the contract: its index, the column and the reason."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class _ContractColumn:
    name: str
    type: ColumnType
    required: bool

    def faults(self, text: pa.StringArray, values: pa.Array) -> list[Fault]:
        empty = pc.fill_null(pc.equal(text, ""), True)  # noqa: FBT003
        wrong = pc.and_(pc.is_null(values), pc.invert(empty))
        if self.required:
            wrong = pc.or_(wrong, empty)
        rows = pc.indices_nonzero(wrong)
        return [
            Fault(row, self.name, self._reason(word))
            for row, word in zip(rows.to_pylist(), text.take(rows).to_pylist(), strict=True)
        ]

    def _reason(self, word: str | None) -> str:
        if not word:
            return "is empty, a value is required"
        return f"'{shortened(word, 80)}' is no {self.type.expected}"


class Contract:
    """The columns of a table with their types, applied to text.

    Attributes:
        schema: the Arrow schema of accepted rows, without lineage columns.
    """

    def __init__(self, table: Table) -> None:
        self._columns = [
            _ContractColumn(name, column_types.of(column), column.required) for name, column in table.columns.items()
        ]
        self.schema = pa.schema([(column.name, column.type.arrow) for column in self._columns])

    def convert(self, text: pa.Table) -> tuple[pa.Table, list[Fault]]:
        """Turn columns of text into the contract's types.

        Args:
            text: columns of strings under the contract's names; optional ones may be missing.

        Returns:
            All rows with the contract's columns (a value that does not fit is null), and the faults, at most one for
            each row: the first column, in the contract's order, that breaks it.
        """
        arrays, faults = [], dict[int, Fault]()
        for column in self._columns:
            if column.name not in text.column_names:
                arrays.append(pa.nulls(len(text), column.type.arrow))
                continue
            words = text.column(column.name).combine_chunks()
            values = column.type.parse(words)
            arrays.append(values)
            for fault in column.faults(words, values):
                faults.setdefault(fault.row, fault)
        return pa.Table.from_arrays(arrays, schema=self.schema), list(faults.values())
