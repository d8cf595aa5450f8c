"""What the ledger says, and what finding it out costs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from folder_lake import folder_catalog
from hypothesis import given
from ledger_entries import BEGIN, ENTRIES, entry
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysFalse
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask

from data_hub.errors import TryAgainError
from data_hub.iceberg import commit
from data_hub.iceberg.commit import Commit
from data_hub.iceberg.tables import with_ids
from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers import arrivals
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import (
    ACKNOWLEDGED,
    INGESTED,
    REJECTED,
    SCHEMA,
    SKIPPED,
    SUPERSEDED,
    WITHDRAWN,
    LedgerEntry,
    to_arrow,
)


class Trial:
    """A table without rows and its ledger; commits are made as an ingestion makes them."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        catalog.create_table(("data_hub", "rows"), with_ids(pa.schema([("a", pa.int64())])))
        catalog.create_table(("data_hub", "ledger"), with_ids(SCHEMA), properties=commit.LEDGER_PROPERTIES)

    def open(self) -> Ledger:
        return Ledger(self.catalog.load_table(("data_hub", "ledger")), self.catalog.load_table(("data_hub", "rows")))

    def commit(self, *entries: LedgerEntry) -> list[LedgerEntry]:
        """Commit the table, and leave the ledger as it is."""
        done = Commit.new([one.to_summary() for one in entries])
        snapshot = commit.replace(self.catalog.load_table(("data_hub", "rows")), AlwaysFalse(), [], done)
        return [one.of_commit(done.id, snapshot.sequence_number or 0, snapshot.snapshot_id) for one in entries]

    def written(self) -> list[LedgerEntry]:
        """All rows of the ledger, as they lie there, in order."""
        rows = self.catalog.load_table(("data_hub", "ledger")).scan().to_arrow().to_pylist()
        return sorted((LedgerEntry(**row) for row in rows), key=lambda one: one.order)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(folder_catalog(tmp_path))


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    paths: list[str] = []
    read = ArrowScan.to_record_batches

    def count(scan: ArrowScan, tasks: Iterable[FileScanTask]) -> Iterator[pa.RecordBatch]:
        files = list(tasks)
        paths.extend(task.file.file_path for task in files)
        return read(scan, files)

    monkeypatch.setattr(ArrowScan, "to_record_batches", count)
    return paths


def told(entries: Iterable[LedgerEntry]) -> list[tuple[str, str, str]]:
    return [(one.key, one.status, one.sha256) for one in entries]


@given(ENTRIES)
def test_the_summary_of_a_snapshot_keeps_the_entry(one: LedgerEntry) -> None:
    kept = LedgerEntry.from_summary(json.loads(json.dumps(one.to_summary())))
    assert kept == replace(
        entry(),
        **{name: value for name, value in asdict(one).items() if name not in {"commit_id", "snapshot_id"}}
        | {"sequence_number": 0, "recorded_at": kept.recorded_at},
    )


def test_summaries_of_an_older_release_are_read() -> None:
    one = entry(rows_rejected=2, rows_read=3, message="why", version_id="v")
    names = ("table_uuid", "commit_id", "snapshot_id", "sequence_number", "recorded_at")
    older = {name: value for name, value in asdict(one).items() if name not in names}
    assert LedgerEntry.from_summary(older | {"last_modified": one.last_modified.isoformat()}) == one


def test_an_entry_tells_commit_and_snapshot(trial: Trial) -> None:
    trial.open().record(trial.commit(entry()))
    (found,) = trial.open().entries().values()
    (snapshot,) = trial.catalog.load_table(("data_hub", "rows")).snapshots()
    assert (found.commit_id, found.snapshot_id) == (commit.id_of(snapshot), snapshot.snapshot_id)


def test_a_correction_says_of_the_older_content_that_it_was_superseded(trial: Trial) -> None:
    ledger = trial.open()
    ledger.record(trial.commit(entry(sha256="1"), entry("b", sha256="1")))
    ledger.record(trial.commit(entry(sha256="2", job_run_id="jr_2"), entry("c", sha256="1")))
    written = {(one.key, one.status): one for one in trial.written()}
    assert written.keys() == {("a", INGESTED), ("b", INGESTED), ("a", SUPERSEDED), ("c", INGESTED)}
    superseded, latest = written["a", SUPERSEDED], trial.open().entries()["a"]
    assert told([superseded, latest]) == [("a", SUPERSEDED, "1"), ("a", INGESTED, "2")]
    assert superseded.recorded_at == latest.recorded_at - timedelta(microseconds=1)
    same = ("commit_id", "snapshot_id", "sequence_number", "table_uuid", "job_run_id")
    assert [getattr(superseded, name) for name in same] == [getattr(latest, name) for name in same]
    assert told(trial.open().history("a")) == [("a", INGESTED, "1"), ("a", SUPERSEDED, "1"), ("a", INGESTED, "2")]


def test_what_put_no_rows_there_is_not_superseded(trial: Trial) -> None:
    ledger = trial.open()
    ledger.record([entry(status=REJECTED, sha256="0")])
    ledger.record(trial.commit(entry(sha256="1")))
    ledger.record([replace(entry(status=REJECTED, sha256="2"), sequence_number=1)])
    ledger.record([replace(entry(status=ACKNOWLEDGED, sha256="2"), sequence_number=1)])
    ledger.record(trial.commit(entry(sha256="1", etag="f")))
    ledger.record(trial.commit(entry(sha256="1", status=WITHDRAWN)))
    ledger.record(trial.commit(entry(sha256="3")))
    assert SUPERSEDED not in {one.status for one in trial.written()}
    assert told([ledger.content("a") or entry()]) == [("a", INGESTED, "3")]


def test_a_rejected_content_in_between_hides_no_correction(trial: Trial) -> None:
    ledger = trial.open()
    ledger.record(trial.commit(entry(sha256="1")))
    ledger.record([replace(entry(status=SKIPPED, sha256="1", etag="f"), sequence_number=1)])
    ledger.record([replace(entry(status=REJECTED, sha256="2"), sequence_number=1)])
    assert told([ledger.content("a") or entry()]) == [("a", SKIPPED, "1")]
    ledger.record(trial.commit(entry(sha256="3")))
    assert told(trial.written())[-2:] == [("a", SUPERSEDED, "1"), ("a", INGESTED, "3")]


def test_a_repair_from_the_snapshots_writes_what_the_dead_job_would_have_written(trial: Trial) -> None:
    for sha256 in "123":
        trial.commit(entry(sha256=sha256))
    before = trial.open().history("a")
    repairing = trial.open()
    assert told(repairing.unrecorded()) == [("a", INGESTED, "1"), ("a", INGESTED, "2"), ("a", INGESTED, "3")]
    repairing.record(repairing.unrecorded())
    expected = [(INGESTED, "1"), (SUPERSEDED, "1"), (INGESTED, "2"), (SUPERSEDED, "2"), (INGESTED, "3")]
    for entries in (before, trial.written(), repairing.history("a"), trial.open().history("a")):
        assert [(one.status, one.sha256) for one in entries] == expected
    assert (repairing.unrecorded(), trial.open().unrecorded()) == ([], [])


def test_commits_that_are_recorded_in_the_wrong_order_say_the_same(trial: Trial) -> None:
    first, second, third = (trial.commit(entry(sha256=sha256)) for sha256 in "123")
    for late in (third, first, second):
        trial.open().record(late)
    expected = [(INGESTED, "1"), (SUPERSEDED, "1"), (INGESTED, "2"), (SUPERSEDED, "2"), (INGESTED, "3")]
    assert [(one.status, one.sha256) for one in trial.written()] == expected


def test_a_commit_is_recorded_once_whoever_comes_first(trial: Trial) -> None:
    entries, late = trial.commit(entry()), trial.open()
    assert late.latest("a") is not None
    trial.open().record(entries)
    late.record(entries)
    assert len(trial.written()) == 1


def test_a_writer_that_is_always_overtaken_says_so(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_: object) -> None:
        raise commit.CommitConflict

    monkeypatch.setattr(commit, "append_rows", conflict)
    with pytest.raises(TryAgainError, match="in the way 20 times"):
        trial.open().record([entry()])


def test_what_other_writers_append_is_read_and_nothing_else(trial: Trial, files_read: list[str]) -> None:
    writer, reader = trial.open(), trial.open()
    for number in range(3):
        writer.record(trial.commit(entry(str(number))))
        assert writer.latest(str(number)) is not None
    assert files_read == []
    reader.refresh()
    assert len(reader.entries()) == len(files_read) == 3
    files_read.clear()
    writer.record(trial.commit(entry("another")))
    reader.refresh()
    assert reader.latest("another") is not None
    assert len(files_read) == 1


def test_a_ledger_whose_rows_were_written_anew_is_read_anew(trial: Trial) -> None:
    ledger = trial.open()
    ledger.record(trial.commit(entry("a"), entry("b")))
    table = trial.catalog.load_table(("data_hub", "ledger"))
    table.overwrite(table.scan(row_filter="key = 'a'").to_arrow())
    ledger.refresh()
    assert ledger.entries().keys() == {"a"}


def test_each_snapshot_of_the_table_is_parsed_once(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = LedgerEntry.from_summary
    monkeypatch.setattr(LedgerEntry, "from_summary", lambda summary: parsed.append(summary["k"]) or parse(summary))
    writer, reader = trial.open(), trial.open()
    trial.commit(entry("dead"))
    writer.refresh()
    writer.record(trial.commit(entry("a")))
    for _ in range(3):
        reader.refresh()
        assert len(reader.entries()) == 2
    assert sorted(parsed) == ["dead", "dead"]


def test_a_ledger_of_an_older_release_is_read_and_written(tmp_path: Path) -> None:
    catalog = folder_catalog(tmp_path)
    older = pa.schema([field for field in SCHEMA if field.name != "snapshot_id"])
    rows = catalog.create_table(("data_hub", "rows"), with_ids(pa.schema([("a", pa.int64())])))
    table = catalog.create_table(("data_hub", "ledger"), with_ids(older))
    known = entry(status=REJECTED, table_uuid=str(rows.metadata.table_uuid), recorded_at=BEGIN)
    table.append(to_arrow([known]).select(older.names))
    Ledger(table, rows).acknowledge("a")
    assert [one.status for one in Ledger(table, rows).history("a")] == [REJECTED, ACKNOWLEDGED]


def test_a_table_that_was_made_anew_starts_a_new_ledger(trial: Trial) -> None:
    trial.open().record(trial.commit(entry()))
    trial.catalog.drop_table(("data_hub", "rows"))
    trial.catalog.create_table(("data_hub", "rows"), with_ids(pa.schema([("a", pa.int64())])))
    assert trial.open().entries() == {}


@pytest.mark.slow
def test_a_hundred_thousand_keys_are_known_within_seconds(trial: Trial, files_read: list[str]) -> None:
    ledger_table = trial.catalog.load_table(("data_hub", "ledger"))
    uuid = str(trial.catalog.load_table(("data_hub", "rows")).metadata.table_uuid)
    one = to_arrow([entry(table_uuid=uuid, commit_id="c", sequence_number=1)])
    keys = [f"collections-data/ingest_ts={number}/mdrm_data.csv" for number in range(100_000)]
    columns = {name: pa.repeat(one[name][0], len(keys)) for name in SCHEMA.names} | {"key": pa.array(keys)}
    ledger_table.append(pa.table(columns, schema=SCHEMA))
    listed = [SourceObject(key, "e", 1, BEGIN) for key in keys]
    new = SourceObject("new", "e", 1, BEGIN)
    ledger = trial.open()
    assert arrivals.missing_from(ledger, [*listed, new]) == [new]
    assert len(files_read) == 1
    ledger.record(trial.commit(entry("new")))
    assert arrivals.missing_from(ledger, [*listed, new]) == []
    assert len(files_read) == 1
