"""What the tasks of the Spark engine send back: rows, rejects and outcomes, in batches of one schema."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files import rejects
from data_hub.iceberg import tables
from data_hub.ingestion.source_file import REJECTS, ROWS
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.pipeline import Table

KIND = "kind"
OUTCOME = "outcome"
# Columns that a file has beyond the contract's, by name; the tasks do not know each other's.
OTHERS = "others"
PREFIXES = {ROWS: "row_", REJECTS: "reject_"}

_BATCH_ROWS = 20_000
_SPARK_TYPES = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.map_(pa.string(), pa.string()): "map<string, string>",
}


@dataclass(frozen=True)
class Outcome:
    """What became of one object.

    Attributes:
        key: the object's key.
        entry: its ledger entry, None when there is none.
        others: names of columns that the contract does not have.
    """

    key: str
    entry: LedgerEntry | None = None
    others: Sequence[str] = ()

    def to_json(self) -> str:
        """Return it as text."""
        summary = self.entry.to_summary() if self.entry else None
        return json.dumps([self.key, summary, list(self.others)])

    @classmethod
    def from_json(cls, text: str) -> "Outcome":
        """Make it of what ``to_json`` gave."""
        key, summary, others = json.loads(text)
        return cls(key, LedgerEntry.from_summary(summary) if summary else None, others)


class SparkRows:
    """The schema of a pipeline's batches, and how they are made.

    Args:
        table: the table with the contract's columns.
    """

    def __init__(self, table: Table) -> None:
        self._columns = {ROWS: tables.rows_schema(table), REJECTS: rejects.SCHEMA}
        self.schema = pa.schema(
            [
                (KIND, pa.string()),
                (OUTCOME, pa.string()),
                (OTHERS, pa.map_(pa.string(), pa.string())),
                *((PREFIXES[kind] + field.name, field.type) for kind in PREFIXES for field in self._columns[kind]),
            ]
        )

    @property
    def ddl(self) -> str:
        """The schema as Spark writes it."""
        return ", ".join(f"{quoted(field.name)} {_spark_type(field.type)}" for field in self.schema)

    def columns(self, kind: str) -> list[str]:
        """Return the names of the columns of rows or rejects, without those that only a file has."""
        return list(self._columns[kind].names)

    def other_names(self, kind: str, part: pa.Table) -> list[str]:
        """Return which columns of a part the contract does not have."""
        return [name for name in part.column_names if name not in self._columns[kind].names]

    def batches(self, kind: str, part: pa.Table) -> Iterator[pa.RecordBatch]:
        """Turn a part of the rows or rejects into batches."""
        values = {PREFIXES[kind] + name: part[name] for name in self._columns[kind].names if name in part.column_names}
        if names := self.other_names(kind, part):
            values[OTHERS] = _mapped(part, names)
        return self._batches(kind, values, len(part))

    def outcome(self, outcome: Outcome) -> Iterator[pa.RecordBatch]:
        """Turn an outcome into a batch."""
        return self._batches(OUTCOME, {OUTCOME: pa.array([outcome.to_json()])}, 1)

    def _batches(
        self, kind: str, values: Mapping[str, pa.Array | pa.ChunkedArray], count: int
    ) -> Iterator[pa.RecordBatch]:
        values = {**values, KIND: pa.repeat(pa.scalar(kind), count)}
        columns = [
            values[field.name].cast(field.type) if field.name in values else pa.nulls(count, field.type)
            for field in self.schema
        ]
        yield from pa.Table.from_arrays(columns, schema=self.schema).to_batches(max_chunksize=_BATCH_ROWS)


def quoted(name: str) -> str:
    """Return a name as it stands in Spark's SQL."""
    return "`" + name.replace("`", "``") + "`"


def _spark_type(kind: pa.DataType) -> str:
    return f"decimal({kind.precision}, {kind.scale})" if pa.types.is_decimal(kind) else _SPARK_TYPES[kind]


def _mapped(part: pa.Table, names: Sequence[str]) -> pa.MapArray:
    """Return for each row its text by column name."""
    rows, width = len(part), len(names)
    place = pa.arange(0, rows * width)
    row = pc.divide(place, width)
    column = pc.subtract(place, pc.multiply(row, width))
    # Column after column as they come, row after row as a map has them.
    values = pa.chunked_array([chunk for name in names for chunk in part[name].chunks], pa.string())
    values = values.take(pc.add(pc.multiply(column, rows), row)).combine_chunks()
    keys = pa.array(names, pa.string()).take(column)
    return pa.MapArray.from_arrays(pa.arange(0, rows * width + 1, width).cast(pa.int32()), keys, values)
