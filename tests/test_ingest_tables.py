"""How the ingestion makes and changes its tables."""

from typing import Any

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake

from data_hub.ingestion import ingest
from data_hub.ingestion.ingest import Ingestion
from data_hub.ingestion.limits import Limits
from data_hub.ingestion.source_file import SourceFile
from data_hub.ledgers.ledger_entry import LedgerEntry

OTHER = HEADER_V1.replace(b"\n", b",branch,Odd Name\n")


def with_other(branch: bytes, odd: bytes = b"") -> bytes:
    return OTHER + row_v1().removesuffix(b"\n") + b"," + branch + b"," + odd + b"\n"


def partitions(lake: Lake) -> set[tuple[str, int]]:
    return {tuple(task.file.partition) for task in lake.table().scan().plan_files()}


def test_rows_are_in_the_partitions_of_the_pipeline_file(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1(aod="20231231") + row_v1(aod="20240331") + row_v1(aod="20241231"))
    lake.ingest()
    assert partitions(lake) == {("FRY9C", 2023 - 1970), ("FRY9C", 2024 - 1970)}
    assert len(lake.rows()) == 3


def test_another_partition_spec_holds_for_new_data_and_corrections_cross_it(lake: Lake) -> None:
    plain = lake.with_table(partition_by=[])
    plain.put("a.csv", HEADER_V1 + row_v1("A"))
    plain.put("b.csv", HEADER_V1 + row_v1("B"))
    plain.ingest()
    lake.put("b.csv", HEADER_V1 + row_v1("CORRECTED"))
    lake.put("c.csv", HEADER_V1 + row_v1("C"))
    lake.ingest()
    assert lake.rows() == [("a.csv", 2, "A"), ("b.csv", 2, "CORRECTED"), ("c.csv", 2, "C")]
    assert partitions(lake) == {("FRY9C", 2025 - 1970)}


def test_unknown_columns_are_rescued(lake: Lake) -> None:
    lake.put("a.csv", with_other(b"north"))
    (entry,) = lake.ingest()
    assert entry.message == "unknown columns kept in _rescued_data: branch, Odd Name"
    (row,) = lake.table().scan().to_arrow().to_pylist()
    assert row["_rescued_data"] == '{"branch": "north"}'


def test_the_table_gains_unknown_columns_when_it_may(lake: Lake) -> None:
    evolving = lake.with_table(unknown_columns="evolve")
    evolving.put("a.csv", HEADER_V1 + row_v1("OLD"))
    evolving.ingest()
    evolving.put("b.csv", with_other(b"north", b"x"))
    evolving.put("c.csv", HEADER_V1.replace(b"\n", b",desk\n") + row_v1("DESK").replace(b"\n", b",7\n"))
    evolving.ingest()
    rows = evolving.table().scan().to_arrow().to_pylist()
    assert sorted((row["item_mdrm"], row["branch"], row["desk"], row["_rescued_data"]) for row in rows) == [
        ("BHCK2170", "north", None, '{"Odd Name": "x"}'),
        ("DESK", None, "7", None),
        ("OLD", None, None, None),
    ]


def test_a_commit_takes_no_more_bytes_than_it_may(lake: Lake) -> None:
    for name in "abcd":
        lake.put(f"{name}.csv", HEADER_V1 + row_v1())
    size = len(HEADER_V1 + row_v1())
    limits = Limits(max_bytes=2 * size)
    Ingestion.open(lake.pipeline, lake.deployment, "jr", lambda _: None, limits=limits).run()
    assert len(lake.rows()) == 4
    assert lake.snapshot_count() == 2


def test_what_the_limits_leave_is_told_and_ingested_by_the_next_run(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcde":
        lake.put(f"{name}.csv", HEADER_V1 + row_v1())
    read: list[str] = []

    def note(file: SourceFile, *takers: Any) -> LedgerEntry:
        read.append(file.item.key)
        return original(file, *takers)

    original = SourceFile.read
    monkeypatch.setattr(SourceFile, "read", note)
    limits = Limits(is_over=lambda: len(read) == 2)
    run = Ingestion.open(lake.pipeline, lake.deployment, "jr", lambda _: None, limits=limits)
    assert len(run.run()) == 2
    assert run.remaining == 3
    assert [name for name, _, _ in lake.rows()] == ["a.csv", "b.csv"]
    assert len(lake.ingest()) == 3
    assert [name for name, _, _ in lake.rows()] == ["a.csv", "b.csv", "c.csv", "d.csv", "e.csv"]


def test_a_run_that_may_begin_nothing_changes_nothing(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    run = Ingestion.open(lake.pipeline, lake.deployment, "jr", lambda _: None, limits=Limits(is_over=lambda: True))
    assert ingest.summarise(run.run()) == "Nothing new to ingest"
    assert run.remaining == 1
    assert lake.snapshot_count() == 0


def test_a_column_that_left_the_contract_keeps_its_type_and_files_that_bring_it_on_are_rescued(lake: Lake) -> None:
    columns = lake.pipeline.table.columns
    before = lake.with_table(columns={**columns, "branch": columns["rssdid"].model_copy(update={"required": False})})
    before.put("a.csv", with_other(b"7"))
    before.ingest()
    after = lake.with_table(unknown_columns="evolve")
    after.put("b.csv", with_other(b"north"))
    after.ingest()
    rows = after.table().scan().to_arrow().to_pylist()
    assert sorted(
        (row["source_line"], row["branch"], row["_rescued_data"]) for row in rows if row["branch"] is None
    ) == [(2, None, '{"branch": "north"}')]
    assert [row["branch"] for row in rows if row["branch"] is not None] == [7]


def test_a_column_whose_name_is_misspelt_is_told(lake: Lake) -> None:
    """Else the values of all its rows would be missing without a word."""
    lake.put("a.csv", HEADER_V1.replace(b",value\n", b",item_valu\n") + row_v1())
    (entry,) = lake.ingest()
    assert entry.status == "ingested"
    assert entry.message == "unknown columns kept in _rescued_data: item_valu (is it item_value?)"


def test_a_rejected_correction_tells_that_the_older_rows_stay(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1() + row_v1("OTHER"))
    lake.ingest()
    lake.put("a.csv", b"no header at all\n")
    (entry,) = lake.ingest()
    assert entry.status == "rejected"
    assert entry.message.endswith("; the 2 rows of the content before stay in the table and in the views")
    assert len(lake.rows()) == 2
