"""Rows split by the partition that they belong to."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.partitioning import PartitionField, PartitionFieldValue, PartitionKey, partition_record_value
from pyiceberg.table import Table

# As many runs of one partition are cut out of a part without copying; more of them are sorted together.
_MAX_RUNS = 64


class PartitionSplit:
    """Splits rows by the partition spec that a table has.

    A partition's value is computed once for each distinct value of its column. Rows that are in order of their
    partitions, as an export is, are sliced without copying; others are sorted, once for all partitions.

    Args:
        table: the table; what is written later has the partition spec and the schema of this moment.
    """

    def __init__(self, table: Table) -> None:
        self._spec = table.spec()
        self._schema = table.schema()
        self._columns = [self._schema.find_column_name(field.source_id) or "" for field in self._spec.fields]
        self._keys: dict[tuple[Any, ...], PartitionKey] = {}

    def split(self, rows: pa.Table) -> Iterator[tuple[PartitionKey | None, pa.Table]]:
        """Yield each partition with its rows, None for a table without partitions; a partition may come twice."""
        if not self._spec.fields:
            yield None, rows
            return
        columns = [rows[name].combine_chunks() for name in self._columns]
        runs = [pc.run_end_encode(column) for column in columns]
        if sum(len(each.values) for each in runs) > _MAX_RUNS:
            yield from self._sorted(rows, columns)
        else:
            yield from self._sliced(rows, runs)

    def _sliced(self, rows: pa.Table, runs: Sequence[pa.RunEndEncodedArray]) -> Iterator[tuple[PartitionKey, pa.Table]]:
        """Cut rows wherever the value of a column changes."""
        values = [self._values(field, each.values) for field, each in zip(self._spec.fields, runs, strict=True)]
        ends = [each.run_ends.to_pylist() for each in runs]
        begin = 0
        for end in sorted({end for each in ends for end in each}):
            key = tuple(own[bisect_left(each, end)] for own, each in zip(values, ends, strict=True))
            yield self._key(key), rows.slice(begin, end - begin)
            begin = end

    def _sorted(self, rows: pa.Table, columns: Sequence[pa.Array]) -> Iterator[tuple[PartitionKey, pa.Table]]:
        """Sort rows by partition, then cut them."""
        codes, values = self._codes(columns)
        order = pc.sort_indices(codes)
        rows, runs = rows.take(order), pc.run_end_encode(codes.take(order))
        begin = 0
        for code, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield self._key(values[code]), rows.slice(begin, end - begin)
            begin = end

    def _codes(self, columns: Sequence[pa.Array]) -> tuple[pa.Array, Sequence[tuple[Any, ...]]]:
        """Return a number for each row, and the partition's values by number."""
        codes, values = pa.repeat(pa.scalar(0, pa.int32()), len(columns[0])), [()]
        for field, column in zip(self._spec.fields, columns, strict=True):
            own, own_values = self._codes_of(field, column)
            combined = pc.add(pc.multiply(codes, len(own_values)), own).dictionary_encode()
            values = [
                (*values[code // len(own_values)], own_values[code % len(own_values)])
                for code in combined.dictionary.to_pylist()
            ]
            codes = combined.indices
        return codes, values

    def _codes_of(self, field: PartitionField, column: pa.Array) -> tuple[pa.Array, list[Any]]:
        encoded = column.dictionary_encode(null_encoding="encode")
        transformed = self._values(field, encoded.dictionary)
        numbers = {value: number for number, value in enumerate(dict.fromkeys(transformed))}
        number_of = pa.array([numbers[value] for value in transformed], pa.int32())
        return number_of.take(encoded.indices), list(numbers)

    def _values(self, field: PartitionField, words: pa.Array) -> list[Any]:
        """Return the partition's values of words of its column, as Iceberg's metadata holds them."""
        transform = field.transform.transform(self._schema.find_type(field.source_id))
        return [transform(partition_record_value(field, word, self._schema)) for word in words.to_pylist()]

    def _key(self, values: tuple[Any, ...]) -> PartitionKey:
        if values not in self._keys:
            fields = zip(self._spec.fields, values, strict=True)
            self._keys[values] = PartitionKey(
                [PartitionFieldValue(field, value) for field, value in fields], self._spec, self._schema
            )
        return self._keys[values]
