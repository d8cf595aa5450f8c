"""An Iceberg table as a dataset of Parquet files, of which a query reads the columns and rows that it needs."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import FileFormat
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from data_hub.iceberg.data_files import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import FileScanTask, Table

_PARQUET = ds.ParquetFileFormat()
# Not of floating point: NaN lies within no bounds.
_BOUNDED = (DateType, IntegerType, LongType, StringType, TimestampType, TimestamptzType)
_READ_ALIKE = (*_BOUNDED, BinaryType, BooleanType, DecimalType, DoubleType, FloatType)


def open_rows(table: Table) -> ds.Dataset | pa.Table:
    """Return the rows of a table as it is now, for DuckDB.

    A dataset reads the files when it is asked. Tables that need more than that (delete files, columns that were renamed
    or changed their type) are read at once, by pyiceberg.
    """
    scan, io = table.scan(), table.io
    tasks = list(scan.plan_files())
    is_dataset = tasks and _fits_by_name(table) and all(_is_read_alike(table, task) for task in tasks)
    if is_dataset and isinstance(io, PyArrowFileIO):
        schema = arrow_schema(table)
        fragments = [_fragment(io, task.file, _guarantees(table, schema, task.file)) for task in tasks]
        return ds.FileSystemDataset(fragments, schema, _PARQUET)
    return scan.to_arrow()


def _fits_by_name(table: Table) -> bool:
    """Tell whether every column has, and always had, its name and its type to itself."""
    present = table.schema().fields
    if not all(isinstance(column.field_type, _READ_ALIKE) and column.initial_default is None for column in present):
        return False
    fields = {column.field_id: (column.name, column.field_type) for column in present}
    names = {column.name for column in present}
    return all(
        (column.name, column.field_type) == fields.get(column.field_id)
        or (column.field_id not in fields and column.name not in names)
        for schema in table.metadata.schemas
        for column in schema.fields
    )


def _is_read_alike(table: Table, task: FileScanTask) -> bool:
    partitions = table.specs()[task.file.spec_id].fields
    # A file that was migrated from Hive may leave these columns to its path.
    identities = {each.source_id for each in partitions if isinstance(each.transform, IdentityTransform)}
    return (
        not task.delete_files
        and task.file.file_format == FileFormat.PARQUET
        and identities <= (task.file.value_counts or {}).keys()
    )


def _fragment(io: PyArrowFileIO, file: DataFile, guarantees: Iterable[ds.Expression]) -> ds.Fragment:
    scheme, host, path = PyArrowFileIO.parse_location(file.file_path, io.properties)
    expression = reduce(and_, guarantees, ds.scalar(value=True))
    # With the size at hand S3 is not asked for it.
    size = file.file_size_in_bytes
    return _PARQUET.make_fragment(path, io.fs_by_scheme(scheme, host), expression, file_size=size)


def _guarantees(table: Table, schema: pa.Schema, file: DataFile) -> Iterator[ds.Expression]:
    """Yield what Iceberg knows of all rows of a file: one that cannot have what is asked for is not opened."""
    lower, upper, nulls = file.lower_bounds or {}, file.upper_bounds or {}, file.null_value_counts or {}
    for column in table.schema().fields:
        known = column.field_id in lower and column.field_id in upper and nulls.get(column.field_id) == 0
        if known and isinstance(column.field_type, _BOUNDED):
            bounds = (from_bytes(column.field_type, each[column.field_id]) for each in (lower, upper))
            low, high = (pa.scalar(bound, schema.field(column.name).type) for bound in bounds)
            yield (ds.field(column.name) >= low) & (ds.field(column.name) <= high)
