from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from folder_lake import folder_table
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.expressions import EqualTo
from pyiceberg.table import Table

from data_hub.iceberg import data_files
from data_hub.iceberg.data_files import DataFileWriter
from data_hub.iceberg.removal import Removal

SCHEMA = pa.schema([("series", pa.string()), ("day", pa.date32()), ("number", pa.int64())])
ROW = st.tuples(
    st.sampled_from(["FRY9C", "FRY15", "null", "", None]),
    st.one_of(st.none(), st.dates(date(1960, 1, 1), date(2030, 12, 31))),
    st.integers(-(2**63), 2**63 - 1),
)


def rows_of(values: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*values, strict=True)) or [(), (), ()]
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)


def append(table: Table, parts: list[pa.Table]) -> list[Any]:
    written = data_files.written(table, parts)
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as snapshot:
        for data_file in written:
            snapshot.append_data_file(data_file)
    return written


def counted(rows: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(zip(*(column.to_pylist() for column in rows.select(SCHEMA.names).columns), strict=True))


@settings(max_examples=25, deadline=None)
@given(
    parts=st.lists(st.lists(ROW, max_size=12), max_size=6),
    partition_by=st.sampled_from([[], ["series"], ["series", "year(day)"], ["month(day)"], ["bucket(4, number)"]]),
    row_group_bytes=st.sampled_from([1, 300, 1 << 20]),
    open_files=st.sampled_from([1, 2, 32]),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[list[tuple[Any, ...]]],
    partition_by: list[str],
    row_group_bytes: int,
    open_files: int,
) -> None:
    table = folder_table(tmp_path_factory.mktemp("lake"), SCHEMA, partition_by)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_files, "ROW_GROUP_BYTES", row_group_bytes)
        patch.setattr(data_files, "MAX_OPEN_FILES", open_files)
        append(table, [rows_of(part) for part in parts])
    assert counted(table.scan().to_arrow()) == Counter(row for part in parts for row in part)


def test_each_data_file_holds_one_partition_and_is_found_by_it(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series", "year(day)"])
    values = [(series, date(2020 + number % 3, 1, 1), number) for number in range(60) for series in ("A", "B", None)]
    written = append(table, [rows_of(values)])
    assert sorted((str(file.partition[0]), file.partition[1], file.record_count) for file in written) == [
        (series, year - 1970, 20) for series in ("A", "B", "None") for year in (2020, 2021, 2022)
    ]
    only = table.scan(row_filter=EqualTo(term="series", value="A"))
    assert len(list(only.plan_files())) == 3
    assert {row[0] for row in counted(only.to_arrow())} == {"A"}


def test_rows_in_any_order_make_one_file_for_each_partition(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series", "year(day)"])
    shuffled = [
        (f"S{number % 5}", date(2000, 1, 1) + timedelta(days=number * 97 % 3650), number) for number in range(5000)
    ]
    written = append(table, [rows_of(shuffled[start : start + 500]) for start in range(0, 5000, 500)])
    assert len(written) == 5 * 10
    assert counted(table.scan().to_arrow()) == Counter(shuffled)


def test_a_column_that_is_missing_is_null(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, [])
    append(table, [pa.table({"number": [1], "series": ["A"]})])
    assert counted(table.scan().to_arrow()) == Counter([("A", None, 1)])


def test_what_is_discarded_leaves_no_file(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series"])
    writer = DataFileWriter(table)
    writer.write(rows_of([("A", None, 1), ("B", None, 2)]))
    writer.close()
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    writer.discard()
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_write_that_fails_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series"])

    def parts() -> Any:
        yield rows_of([("A", None, 1)])
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        data_files.written(table, parts())
    assert list(tmp_path.rglob("*.parquet")) == []


def test_removal_writes_only_the_other_rows_of_shared_files_anew(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series"])
    append(table, [rows_of([("A", None, 1), ("A", None, 2), ("B", None, 1), ("C", None, 3)])])
    removal = Removal.plan(table, EqualTo(term="number", value=1))
    assert sorted(file.partition[0] for file in removal.removed) == ["A", "B"]
    assert [(file.partition[0], file.record_count) for file in removal.rewritten] == [("A", 1)]


def test_removal_of_nothing_touches_nothing(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["series"])
    append(table, [rows_of([("A", None, 1), ("A", None, 3)])])
    assert Removal.plan(table, EqualTo(term="number", value=2)) == Removal([], [])
