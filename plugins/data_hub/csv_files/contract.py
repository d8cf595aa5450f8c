"""The contract: what a row must be to enter the table."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files import column_types
from data_hub.csv_files.column_types import ColumnType, Text
from data_hub.pipelines.pipeline import Column, Table

FAULTS = pa.schema([("row", pa.int64()), ("column_name", pa.string()), ("reason", pa.string())])
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Converted:
    """Text in the contract's types.

    Attributes:
        rows: all rows; a value that does not fit is null.
        accepted: which of them keep the contract; None when all do.
        faults: the others by their index, each with the first column, in the contract's order, that breaks it.
    """

    rows: pa.Table
    accepted: pa.BooleanArray | None = None
    faults: pa.Table = field(default_factory=FAULTS.empty_table)


class ContractColumn:
    """One column of the contract, applied to text.

    Attributes:
        name: the contract's name of it.
        type: how its text is read.
    """

    def __init__(self, name: str, column: Column) -> None:
        self.name = name
        self.type: ColumnType = column_types.of(column)
        self._required = column.required

    def convert(self, text: Text) -> tuple[pa.Array, pa.BooleanArray | None]:
        """Turn text into values.

        Args:
            text: strings, or dictionary-encoded strings, of which each word is parsed once.

        Returns:
            Plain values, null where the text does not fit, and which of them break the contract; None when none does.
        """
        words = text.dictionary if isinstance(text, pa.DictionaryArray) else text
        values = self.type.parse(words)
        wrong = self._wrong(words, values)
        if words is text:
            return values, wrong
        return values.take(text.indices), self._taken(wrong, text.indices)

    def _taken(self, wrong: pa.BooleanArray | None, indices: pa.Array) -> pa.BooleanArray | None:
        if wrong is not None:
            rows = pc.fill_null(wrong.take(indices), self._required)
        elif self._required and indices.null_count:
            rows = pc.is_null(indices)
        else:
            return None
        # A dictionary may hold words that no row has.
        return rows if rows.true_count else None

    def _wrong(self, words: pa.StringArray, values: pa.Array) -> pa.BooleanArray | None:
        if not self._required and values.null_count == words.null_count:
            return None
        empty = pc.fill_null(pc.equal(words, ""), True)  # noqa: FBT003
        combine = pc.or_ if self._required else pc.and_not
        wrong = combine(pc.is_null(values), empty)
        return wrong if wrong.true_count else None

    def reasons(self, words: Text) -> pa.StringArray:
        """Return, for text that breaks the contract, why."""
        plain = words.cast(pa.string())
        shown = plain
        lengths = pc.utf8_length(plain)
        if (pc.max(lengths).as_py() or 0) > _LONGEST_SHOWN:
            cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(plain, 0, _LONGEST_SHOWN - 3), "...", "")
            shown = pc.if_else(pc.greater(lengths, _LONGEST_SHOWN), cut, plain)
        unfit = pc.binary_join_element_wise("'", shown, f"' is no {self.type.expected}", "")
        return pc.if_else(pc.fill_null(pc.equal(plain, ""), True), "is empty, a value is required", unfit)  # noqa: FBT003


class Contract:
    """The columns of a table with their types, applied to text.

    Attributes:
        columns: the columns by name, in the table's order.
        schema: the Arrow schema of accepted rows, without lineage columns.
        parsed: names of the columns that do not stay text.
    """

    def __init__(self, table: Table) -> None:
        self.columns = {name: ContractColumn(name, column) for name, column in table.columns.items()}
        self.schema = pa.schema([(name, column.type.arrow) for name, column in self.columns.items()])
        self.parsed = frozenset(column.name for column in self.schema if column.type != pa.string())

    def convert(self, text: pa.Table) -> Converted:
        """Turn columns of text into the contract's types.

        Args:
            text: columns of strings, plain or dictionary-encoded, under the contract's names; optional ones may be
                missing, and others are left out.
        """
        arrays, faults = [], _Faults()
        for name, column in self.columns.items():
            position = text.schema.get_field_index(name)
            if position < 0:
                arrays.append(pa.nulls(len(text), column.type.arrow))
                continue
            words = _combined(text.column(position))
            values, wrong = column.convert(words)
            arrays.append(values)
            if wrong is not None:
                faults.add(column, words, wrong)
        return faults.of(pa.Table.from_arrays(arrays, schema=self.schema))


class _Faults:
    """The first fault of each row, gathered column by column."""

    def __init__(self) -> None:
        self._faulty: pa.BooleanArray | None = None
        self._found: list[pa.Table] = []

    def add(self, column: ContractColumn, words: Text, wrong: pa.BooleanArray) -> None:
        first = wrong if self._faulty is None else pc.and_not(wrong, self._faulty)
        self._faulty = wrong if self._faulty is None else pc.or_(wrong, self._faulty)
        rows = pc.indices_nonzero(first)
        names = pa.repeat(pa.scalar(column.name), len(rows))
        arrays = [rows.cast(pa.int64()), names, column.reasons(words.take(rows))]
        self._found.append(pa.Table.from_arrays(arrays, schema=FAULTS))

    def of(self, rows: pa.Table) -> Converted:
        if self._faulty is None:
            return Converted(rows)
        found = self._found[0] if len(self._found) == 1 else pa.concat_tables(self._found).sort_by("row")
        return Converted(rows, pc.invert(self._faulty), found.combine_chunks())


def _combined(column: pa.ChunkedArray) -> Text:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks()
