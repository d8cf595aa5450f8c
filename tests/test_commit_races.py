"""Commits on a table that others change meanwhile, and what commits leave of other rows and files."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from folder_lake import folder_table
from pyiceberg.expressions import EqualTo, In, LessThan
from pyiceberg.table import Table

from data_hub.iceberg import commit, data_files, tables
from data_hub.iceberg.commit import TABLE_PROPERTIES, Commit, CommitConflict
from data_hub.iceberg.data_files import DataFileWriter

NAMES = ("source_file", "series", "day", "number", "text")
SCHEMA = pa.schema(zip(NAMES, (pa.string(), pa.string(), pa.date32(), pa.int64(), pa.string()), strict=True))
PROPERTIES = {**TABLE_PROPERTIES, "commit.retry.min-wait-ms": "1"}


def rows(*numbers: int, key: str | None = "k", series: str = "A", text: str = "x") -> pa.Table:
    values = [(key, series, date(2020, 1, 15), number, text) for number in numbers]
    return pa.Table.from_pylist([dict(zip(NAMES, value, strict=True)) for value in values], schema=SCHEMA)


def put(table: Table, key: str, number: int, series: str = "A") -> None:
    commit.replace_rows(
        table, In(term="source_file", literals={key}), rows(number, key=key, series=series), Commit.new()
    )


def append(table: Table, *parts: pa.Table) -> None:
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as snapshot:
        for data_file in data_files.written(table, parts):
            snapshot.append_data_file(data_file)


def again(table: Table) -> Table:
    return table.catalog.load_table(table.name())


def numbers(table: Table) -> list[int]:
    found: list[int] = again(table).scan().to_arrow()["number"].to_pylist()
    return sorted(found)


@pytest.mark.parametrize("after", [["month(day)"], ["series"], []])
def test_a_partition_spec_that_another_job_changes_hides_no_row(tmp_path: Path, after: list[str]) -> None:
    table = folder_table(tmp_path, SCHEMA, ["year(day)"], **PROPERTIES)
    put(table, "a", 1)
    late = again(table)
    tables._partitioned_by(after, again(table))
    put(again(table), "b", 2)
    with pytest.raises(CommitConflict):
        put(late, "c", 3)
    put(again(table), "c", 3)
    assert numbers(table) == [1, 2, 3]
    assert len(again(table).scan(row_filter=EqualTo(term="day", value=date(2020, 1, 15))).to_arrow()) == 3


def test_another_number_of_buckets_holds_from_then_on(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, ["bucket(2, number)"])
    put(table, "a", 1)
    tables._partitioned_by(["bucket(4, number)"], again(table))
    changed = again(table)
    assert [str(field.transform) for field in changed.spec().fields] == ["bucket[4]"]
    put(changed, "b", 2)
    assert numbers(table) == [1, 2]
    assert tables._partitioned_by(["bucket(4, number)"], changed).metadata_location == again(table).metadata_location


def test_a_first_commit_is_a_conflict_although_its_snapshot_expired(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, [], **PROPERTIES)
    late = again(table)
    put(table, "k", 1)
    first = table.current_snapshot()
    put(table, "j", 2)
    assert first is not None
    again(table).maintenance.expire_snapshots().by_id(first.snapshot_id).commit()
    with pytest.raises(CommitConflict):
        put(late, "k", 3)
    assert numbers(table) == [1, 2]


def test_a_conflict_leaves_no_rewritten_data_file(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, [], **PROPERTIES)
    append(table, pa.concat_tables([rows(1, key="a"), rows(2, key="b")]))
    late = again(table)
    put(table, "a", 3)
    before = set(tmp_path.rglob("*.parquet"))
    with pytest.raises(CommitConflict):
        commit.replace(late, In(term="source_file", literals={"b"}), [], Commit.new())
    assert set(tmp_path.rglob("*.parquet")) == before


def test_rows_of_others_that_name_no_file_stay(tmp_path: Path) -> None:
    table = folder_table(tmp_path, SCHEMA, [])
    append(table, pa.concat_tables([rows(1), rows(2, key=None)]))
    put(table, "k", 3)
    assert numbers(table) == [2, 3]


def test_a_value_that_is_too_long_for_bounds_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "ROW_GROUP_BYTES", 1)
    monkeypatch.setattr(data_files, "MAX_OPEN_FILES", 1)
    monkeypatch.setattr("data_hub.iceberg.open_data_file.OpenDataFile.is_idle", True)
    monkeypatch.setattr(data_files, "WRITERS", 1)
    table = folder_table(tmp_path, SCHEMA, [])
    append(table, rows(1, text="m"), rows(2, text="a" * 5000))
    found = table.scan(row_filter=LessThan(term="text", value="b"))
    assert found.to_arrow()["number"].to_pylist() == [2]


def test_rows_of_a_rare_partition_do_not_keep_the_others_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "ROW_GROUP_BYTES", 1 << 20)
    monkeypatch.setattr(data_files, "WAITING_BYTES", 4 << 20)
    writer = DataFileWriter(folder_table(tmp_path, SCHEMA, ["series"]))
    before, most = pa.total_allocated_bytes(), 0
    common = rows(*range(4000), text="t" * 200)
    for _ in range(50):
        writer.write(pa.concat_tables([common, rows(1, series="B")]).combine_chunks())
        most = max(most, pa.total_allocated_bytes() - before)
    writer.close()
    assert most < 24 << 20
