import pyarrow as pa
import pytest

from data_hub.ingestion import reject_spool
from data_hub.ingestion.reject_spool import RejectSpool


@pytest.mark.parametrize("held_bytes", [0, 200, 1 << 20])
def test_rejects_come_back_in_order_wherever_they_waited(monkeypatch: pytest.MonkeyPatch, held_bytes: int) -> None:
    monkeypatch.setattr(reject_spool, "HELD_BYTES", held_bytes)
    spool = RejectSpool()
    for start in range(0, 100, 10):
        spool.add(pa.table({"line": pa.array(range(start, start + 10)), "text": ["x"] * 10}))
        spool.add(pa.table({"line": pa.array([], pa.int64()), "text": pa.array([], pa.string())}))
    assert spool.count == 100
    assert pa.concat_tables(spool.tables())["line"].to_pylist() == list(range(100))


def test_no_rejects_are_no_tables() -> None:
    assert list(RejectSpool().tables()) == []
