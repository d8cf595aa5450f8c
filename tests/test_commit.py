"""Commits: whole files or nothing, once, also when a job dies or an answer is lost."""

import threading
from itertools import chain

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake, outcome
from pyiceberg.table import Table

from data_hub.iceberg import commit
from data_hub.ledgers import arrivals

GOOD = HEADER_V1 + row_v1("A") + row_v1("B")


def test_a_correction_is_one_commit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("a.csv", GOOD)
    lake.put("b.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", HEADER_V1 + row_v1("C"))
    original = Table._do_commit
    committed: list[str] = []

    def count(table: Table, *args: object, **kwargs: object) -> None:
        committed.append(table.name()[-1])
        original(table, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "_do_commit", count)
    lake.ingest()
    assert committed == ["collections_data_staging", "collections_data_staging_ledger"]


def test_a_job_that_dies_before_the_ledger_is_written_is_repaired_from_the_table(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(commit, "append_rows", die)
        with pytest.raises(Killed):
            lake.ingest()
    assert [entry.status for entry in lake.ledger().unrecorded()] == ["ingested"]
    assert arrivals.new_objects(lake.pipeline, lake.deployment).count == 0
    assert lake.ingest() == []
    assert lake.ledger().unrecorded() == []
    assert outcome(list(lake.ledger().entries().values())) == [("a.csv", "ingested", 2, 2, 0)]
    assert lake.snapshot_count() == 1


def test_a_correction_back_is_seen_although_the_ledger_missed_the_one_between(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", HEADER_V1 + row_v1("C"))
    with monkeypatch.context() as patch:
        patch.setattr(commit, "append_rows", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lake.ingest()
    lake.put("a.csv", GOOD)
    lake.ingest()
    assert [item for _, _, item in lake.rows()] == ["A", "B"]


def test_a_lost_answer_of_the_catalogue_loses_and_doubles_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("a.csv", GOOD)
    original = Table._do_commit
    lost = []

    def commit_and_lose_the_answer(table: Table, *args: object, **kwargs: object) -> None:
        original(table, *args, **kwargs)  # type: ignore[arg-type]
        if not lost:
            lost.append(table)
            raise ConnectionError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "_do_commit", commit_and_lose_the_answer)
        lake.ingest()
    assert lost
    assert lake.rows() == [("a.csv", 2, "A"), ("a.csv", 3, "B")]
    assert lake.ingest() == []


def test_two_jobs_at_once_ingest_every_file_once(lake: Lake) -> None:
    for number in range(12):
        lake.put(f"{number:02}.csv", GOOD)
    barrier = threading.Barrier(3)
    failures: list[BaseException] = []

    def run() -> None:
        barrier.wait()
        try:
            lake.ingest()
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(lake.rows()) == 24
    assert len(set(lake.rows())) == 24
    assert lake.ingest() == []


def test_what_a_reader_sees_is_whole_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_KEYS", 2)
    for number in range(4):
        lake.put(f"{number}.csv", GOOD)
    original = Table._do_commit
    seen: list[list[tuple[str, int, str | None]]] = []

    def look_after(table: Table, *args: object, **kwargs: object) -> None:
        original(table, *args, **kwargs)  # type: ignore[arg-type]
        seen.append(lake.rows())

    with monkeypatch.context() as patch:
        patch.setattr(Table, "_do_commit", look_after)
        lake.ingest()
        lake.put("0.csv", HEADER_V1 + row_v1("C"))
        lake.ingest()
    whole = [[(f"{number}.csv", 2, "A"), (f"{number}.csv", 3, "B")] for number in range(4)]
    corrected = [("0.csv", 2, "C")]
    states = [[*whole[0], *whole[1]], list(chain(*whole)), list(chain(corrected, *whole[1:]))]
    # Each commit of the table is followed by one of the ledger.
    assert seen == [state for state in states for _ in range(2)]
