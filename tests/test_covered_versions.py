"""The compact answer to "was this version dealt with" is the ledger's own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from data_hub.covered_versions import COLUMNS, CoveredVersions, version_digest
from data_hub.ledger import Ledger
from data_hub.ledger_entry import ACKNOWLEDGED, INGESTED, REJECTED, SKIPPED, LedgerEntry, to_arrow
from data_hub.objects import SourceObject

# Few values, so that entries meet the same object, content and moment often.
KEYS = st.sampled_from(["a", "b", "a1", "ä/✔"])
ETAGS = st.sampled_from(["1", "11", "2"])
MOMENTS = st.integers(0, 2).map(lambda number: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=number))
ENTRIES = st.builds(
    LedgerEntry,
    key=KEYS,
    version_id=st.none(),
    etag=ETAGS,
    last_modified=MOMENTS,
    sha256=st.just(""),
    size=st.just(0),
    status=st.sampled_from([INGESTED, REJECTED, SKIPPED, ACKNOWLEDGED]),
    rows_read=st.just(0),
    rows_ingested=st.just(0),
    rows_rejected=st.just(0),
    message=st.just(""),
    job_run_id=st.just("jr"),
    commit_id=st.sampled_from([None, "c1", "c2"]),
    sequence_number=st.integers(0, 3),
    recorded_at=MOMENTS,
)
OBJECTS = st.builds(SourceObject, key=KEYS, etag=ETAGS, size=st.just(0), last_modified=MOMENTS)


class LedgerOf(Ledger):
    """A ledger with given entries."""

    def __init__(self, entries: Sequence[LedgerEntry]) -> None:
        super().__init__(None, None)
        self._given = to_arrow(entries)

    def _recorded(self) -> pa.Table:
        return self._given


@given(st.lists(ENTRIES, max_size=12), st.integers(1, 4), st.lists(OBJECTS, min_size=1, max_size=12))
def test_it_covers_what_the_latest_entry_covers(
    entries: list[LedgerEntry], batch_size: int, items: list[SourceObject]
) -> None:
    covered, latest = CoveredVersions(), LedgerOf(entries).entries()
    for batch in to_arrow(entries).select(COLUMNS).to_batches(max_chunksize=batch_size):
        covered.add(batch)
    for item in items:
        assert covered.covers(item) == (item.key in latest and latest[item.key].covers(item))


@given(OBJECTS, OBJECTS)
def test_versions_differ_by_key_content_and_delivery(one: SourceObject, other: SourceObject) -> None:
    same = (one.key, one.etag, one.last_modified) == (other.key, other.etag, other.last_modified)
    assert (version_digest(one) == version_digest(other)) == same


def test_no_entries_cover_nothing() -> None:
    item = SourceObject("a", "1", 0, datetime(2026, 1, 1, tzinfo=UTC))
    assert not CoveredVersions().covers(item)
