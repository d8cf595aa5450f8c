"""The traps of the corpus, one by one: exact rows, rejects and rejections."""

import io

import pytest
from csv_reading import with_blocks_of
from trap_corpus import TRAPS, Reject, Row, Trap

from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader


def outcome(trap: Trap, content: bytes) -> tuple[list[Row], list[Reject], str]:
    """Return rows, rejects and the rejection of a trap's file."""
    file = CsvFile(trap.file, io.BytesIO(content), Reader(trap.table, trap.csv), trap.table.max_reject_ratio)
    parts = list(file.parts())
    if file.rejection:
        return [], [], file.rejection
    columns = ["source_line", *trap.table.columns, "_rescued_data"]
    rows = [tuple(row[name] for name in columns) for part in parts for row in part.rows.to_pylist()]
    return rows, [tuple(reject.values()) for part in parts for reject in part.rejects.to_pylist()], ""


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_gives_exactly_its_rows_and_rejects(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    content = trap.make()
    expected = (list(trap.rows), list(trap.rejects), trap.rejection)
    assert outcome(trap, content) == expected
    if len(content) < 1000:
        for size in (1, 2, 3, 7, 20):
            assert with_blocks_of(size, monkeypatch, lambda: outcome(trap, content)) == expected
