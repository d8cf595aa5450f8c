"""Wide files: key columns and a column for each item."""

import io
import random
from datetime import date

import pytest
from csv_reading import Row, faults, parts, read, with_blocks_of
from trap_corpus import FRY9C, WIDE_TABLE

from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader
from data_hub.csv_files.rejects import ALONG_WITH_FILE, BESIDES_ITS_CELLS, FileRejected
from data_hub.pipelines.pipeline import Csv

COMMAS = Csv(layout="wide", item_column="item_mdrm", value_column="item_value")


def wide(text: str, csv: Csv = COMMAS) -> tuple[list[Row], list[Row]]:
    return read(text.encode(), csv, WIDE_TABLE)


def test_a_record_becomes_a_row_for_each_reported_item() -> None:
    rows, rejects = wide("BHCK2170, bhck3210 ,AOD,rssdid\n1,2,20240331,7\n,3,20240331,8\n,,20240331,9\n")
    assert [(row["source_line"], row["rssdid"], row["item_mdrm"], row["item_value"]) for row in rows] == [
        (2, 7, "BHCK2170", 1),
        (2, 7, "bhck3210", 2),
        (3, 8, "bhck3210", 3),
    ]
    assert {(row["aod"], row["_rescued_data"]) for row in rows} == {(date(2024, 3, 31), None)}
    assert rejects == []


def test_a_bad_cell_is_rejected_alone_under_its_items_name() -> None:
    text = 'rssdid,aod,A,B,C\n1,20240331,x,2,"y ""z"""\n'
    rows, rejects = wide(text)
    assert [(row["item_mdrm"], row["item_value"]) for row in rows] == [("B", 2)]
    assert [tuple(reject.values()) for reject in rejects] == [
        (2, "A", "'x' is no bigint", "x"),
        (2, "C", "'y \"z\"' is no bigint", 'y "z"'),
    ]
    (part,) = parts(text.encode(), COMMAS, WIDE_TABLE)
    assert (part.record_count, part.rejected_count) == (1, 1)


def test_a_bad_key_and_a_ragged_line_are_one_reject_each() -> None:
    text = b'rssdid,aod,A,B\nx,20240331,x,y\n2,20240331,5\n3,,5,6\n4,20240331,"5,6\n5,20240331,7,\n'
    assert faults(text, COMMAS, WIDE_TABLE) == [
        (2, "rssdid", "'x' is no bigint"),
        (3, None, "3 fields, expected 4"),
        (4, "aod", "is empty, a value is required"),
        (5, None, "a quote is not closed on its line, or text follows the closing quote"),
    ]
    assert [(row["rssdid"], row["item_mdrm"]) for row in read(text, COMMAS, WIDE_TABLE)[0]] == [(5, "A")]


def test_empty_text_in_quotes_is_reported_when_the_value_is_text() -> None:
    columns = {
        **WIDE_TABLE.columns,
        "item_value": WIDE_TABLE.columns["item_mdrm"].model_copy(update={"required": False}),
    }
    table = WIDE_TABLE.model_copy(update={"columns": columns})
    rows, _ = read(b'rssdid,aod,A,B\n1,20240331,"",\n', COMMAS, table)
    assert [(row["item_mdrm"], row["item_value"]) for row in rows] == [("A", "")]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("rssdid,aod,A,B,A\n", "the header names A more than once"),
        ("rssdid,aod,A,RSSD9001\n", "the header names rssdid more than once"),
        ("rssdid,A,B\n", "the header lacks the required columns aod"),
        ("rssdid,aod\n", "the header names no item"),
        ("rssdid,aod,A,\n", "the header has a column without a name"),
        ("A,B\n", "names none of the contract's 2 columns (rssdid, aod)"),
    ],
)
def test_a_header_that_does_not_fit_rejects_the_file(header: str, reason: str) -> None:
    with pytest.raises(FileRejected) as raised:
        wide(header)
    assert reason in str(raised.value)


def test_a_header_without_rows_gives_no_rows() -> None:
    assert wide("rssdid,aod,A\n") == ([], [])


def bulk_file(institutions: int, items: int) -> tuple[bytes, int]:
    """Return a file as the FR Y-9C bulk file is written, and how many items it reports."""
    made = random.Random(9)  # noqa: S311
    lines = ["^".join(["RSSD9001", "RSSD9999", *(f"BHCK{number:04}" for number in range(items))])]
    reported = 0
    for institution in range(institutions):
        cells = [str(made.randint(0, 10**9)) if made.random() < 0.3 else "--------" for _ in range(items)]
        reported += items - cells.count("--------")
        lines.append("^".join([str(1_020_000 + institution), "20240331", *cells]))
    return "\n".join(lines).encode(), reported


def test_a_bulk_file_is_read_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    text, reported = bulk_file(400, 2200)
    found = parts(text, FRY9C, WIDE_TABLE)
    assert sum(len(part.rows) for part in found) == reported
    assert sum(part.record_count for part in found) == 400
    assert max(part.rows.nbytes for part in found) < 32 << 20
    small, _ = bulk_file(20, 30)
    assert with_blocks_of(100, monkeypatch, lambda: read(small, FRY9C, WIDE_TABLE)) == read(small, FRY9C, WIDE_TABLE)


def test_a_file_over_the_ratio_gives_every_line_as_a_reject_besides_its_bad_cells() -> None:
    text = b"rssdid,aod,A,B\n1,20240331,x,y\n2,20240331,1,\nz,20240331,1,1\n"
    file = CsvFile("wide.csv", io.BytesIO(text), Reader(WIDE_TABLE, COMMAS), 0.5)
    assert sum(len(part.rows) for part in file.parts()) == 1
    assert file.rejected_by_ratio
    assert file.rejection.startswith("2 of 3 rows (66.7%) break the contract, more than max_reject_ratio 50.0% allows")
    rejected = [tuple(row.values()) for part in file.rejected_parts(io.BytesIO(text)) for row in part.to_pylist()]
    assert rejected == [
        (2, "A", "'x' is no bigint", "x"),
        (2, "B", "'y' is no bigint", "y"),
        (2, None, BESIDES_ITS_CELLS, "1,20240331,x,y"),
        (3, None, ALONG_WITH_FILE, "2,20240331,1,"),
        (4, "rssdid", "'z' is no bigint", "z,20240331,1,1"),
    ]
