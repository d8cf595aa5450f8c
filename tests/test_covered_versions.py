"""Whoever answers "was this version dealt with" gives the answer of the latest entry."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from ledger_entries import BEGIN, ENTRIES, OBJECTS

from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.covered_versions import COLUMNS, CoveredVersions, version_digest
from data_hub.ledgers.entry_table import EntryTable
from data_hub.ledgers.ledger_entry import STATUSES, LedgerEntry, to_arrow


def latest_of(entries: Sequence[LedgerEntry]) -> dict[str, LedgerEntry]:
    """The rule in plain words: the greatest sequence number, then decisions, then the later one."""
    ordered = sorted(entries, key=lambda entry: (entry.sequence_number, entry.commit_id is None, entry.recorded_at))
    return {entry.key: entry for entry in ordered}


@given(st.lists(ENTRIES, max_size=12), st.integers(1, 4), st.lists(OBJECTS, min_size=1, max_size=12))
def test_they_cover_what_the_latest_entry_covers(
    entries: list[LedgerEntry], part_size: int, items: list[SourceObject]
) -> None:
    covered, table, latest = CoveredVersions(), EntryTable(), latest_of(entries)
    for start in range(0, len(entries), part_size):
        part = to_arrow(entries[start : start + part_size])
        covered.add(part.select(COLUMNS))
        table.add(part)
    for item in items:
        expected = item.key in latest and latest[item.key].covers(item)
        assert covered.covers(item) == expected
        assert table.covers(item) == expected


@given(st.lists(ENTRIES, max_size=12), st.integers(1, 4))
def test_the_table_of_entries_gives_back_what_it_was_given(entries: list[LedgerEntry], part_size: int) -> None:
    table, latest = EntryTable(), latest_of(entries)
    for start in range(0, len(entries), part_size):
        table.add(to_arrow(entries[start : start + part_size]))
    assert {entry.key: entry for entry in table.all_latest()} == latest
    assert all(table.latest(key) == entry for key, entry in latest.items())
    assert table.latest("another") is None
    for status in STATUSES:
        found = table.latest_of_status([status])
        assert {entry.key: entry for entry in found} == {k: e for k, e in latest.items() if e.status == status}
    in_order = sorted((entry for entry in entries if entry.key in {"a", "b"}), key=lambda entry: entry.order)
    assert table.of_keys(["a", "b", "another"]) == in_order


@given(OBJECTS, OBJECTS)
def test_versions_differ_by_key_content_and_delivery(one: SourceObject, other: SourceObject) -> None:
    same = (one.key, one.etag, one.last_modified) == (other.key, other.etag, other.last_modified)
    assert (version_digest(one) == version_digest(other)) == same


def test_no_entries_cover_nothing() -> None:
    item = SourceObject("a", "1", 0, BEGIN)
    assert not CoveredVersions().covers(item)
    assert not EntryTable().covers(item)
