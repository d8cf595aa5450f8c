"""Ledger entries for tests, and strategies that make them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.ledger_entry import INGESTED, STATUSES, LedgerEntry

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def entry(key: str = "a", **values: Any) -> LedgerEntry:
    """Make an entry; what is not given is made up."""
    made_up = {
        "version_id": None,
        "etag": "e",
        "last_modified": BEGIN,
        "sha256": "0" * 64,
        "size": 1,
        "status": INGESTED,
        "rows_read": 1,
        "rows_ingested": 1,
        "rows_rejected": 0,
        "message": "",
        "job_run_id": "jr",
    }
    return LedgerEntry(key, **made_up | values)


# Few values, so that entries meet the same object, content and moment often.
KEYS = st.sampled_from(["a", "b", "a1", "ä/✔"])
ETAGS = st.sampled_from(["1", "11", "2"])
MOMENTS = st.integers(0, 2).map(lambda number: BEGIN + timedelta(microseconds=number))
ENTRIES = st.builds(
    entry,
    key=KEYS,
    version_id=st.sampled_from([None, "v"]),
    etag=ETAGS,
    last_modified=MOMENTS,
    status=st.sampled_from(STATUSES),
    rows_rejected=st.integers(0, 1),
    message=st.sampled_from(["", "why"]),
    commit_id=st.sampled_from([None, "c1", "c2"]),
    snapshot_id=st.sampled_from([None, 1]),
    sequence_number=st.integers(0, 3),
    recorded_at=MOMENTS,
)
OBJECTS = st.builds(SourceObject, key=KEYS, etag=ETAGS, size=st.just(0), last_modified=MOMENTS)
