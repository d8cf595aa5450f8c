"""Ingestions beside each other, beside a compaction and beside an expiry of snapshots."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import fault_trials
import maintenance
import pytest
from collections_pipeline import HEADER_V1, row_v1
from fault_trials import TRY_AGAIN, FaultTrials, State, child_ingestion
from lake import Lake

from data_hub.errors import TryAgainError
from local_aws.faults import Fault
from local_aws.process import LocalAws

GOOD = HEADER_V1 + row_v1("A") + row_v1("B")
OTHER = HEADER_V1 + row_v1("C")
WAIT_SECONDS = 240.0
REST_SECONDS = 0.5


@pytest.fixture(scope="module")
def trials(aws: LocalAws) -> FaultTrials:
    return fault_trials.with_corrections(aws)


@pytest.fixture(autouse=True)
def _without_a_plan(aws: LocalAws) -> Iterator[None]:
    yield
    aws.faults.end()


def names(count: int) -> list[str]:
    return [f"{number:03}.csv" for number in range(count)]


def rows_of(contents: dict[str, str]) -> list[tuple[str, int, str]]:
    """The table's rows if each file holds these items, one a line."""
    return sorted((name, line, item) for name, items in contents.items() for line, item in enumerate(items, 2))


def recorded(lake: Lake) -> Counter[tuple[str, str]]:
    return Counter((entry[0].rsplit("/", 1)[-1], entry[1]) for entry in State.read(lake).ledger)


@pytest.mark.slow
@pytest.mark.xdist_group("faults_races")
@pytest.mark.timeout(900)
def test_four_processes_ingest_200_files_once(lake: Lake) -> None:
    for name in names(200):
        lake.put(name, GOOD)
    with ExitStack() as stack:
        children = [stack.enter_context(child_ingestion(lake)) for _ in range(4)]
        for child in children:
            child.join(WAIT_SECONDS)
        codes = [child.exitcode for child in children]
    assert set(codes) <= {0, TRY_AGAIN}
    assert 0 in codes
    lake.ingest()
    assert lake.rows() == rows_of(dict.fromkeys(names(200), "AB"))
    assert recorded(lake) == {(name, "ingested"): 1 for name in names(200)}
    assert lake.ingest() == []


def test_a_correction_changes_one_of_100_files_that_share_a_data_file(lake: Lake) -> None:
    for name in names(100):
        lake.put(name, GOOD)
    lake.ingest()
    assert len(list(lake.table().scan().plan_files())) == 1

    def of_others() -> list[dict[str, object]]:
        rows = lake.table().scan().to_arrow().to_pylist()
        others = [row for row in rows if not str(row["source_file"]).endswith("/050.csv")]
        return sorted(others, key=lambda row: (row["source_file"], row["source_line"]))

    before = of_others()
    lake.put("050.csv", OTHER)
    lake.ingest()
    assert of_others() == before
    assert lake.rows() == rows_of({**dict.fromkeys(names(100), "AB"), "050.csv": "C"})
    assert lake.ingest() == []


def test_a_compaction_between_planning_and_commit(trials: FaultTrials) -> None:
    """The correction was planned on data files that are gone when it is committed."""
    for at in trials.numbers("UpdateTable")[:2]:
        assert trials.overtake(Fault("hold_before", at), maintenance.compact) == ""


@pytest.mark.slow
@pytest.mark.xdist_group("faults_races")
def test_a_compaction_at_every_look_at_the_catalogue(trials: FaultTrials) -> None:
    found = [
        trials.overtake(Fault("hold_before", at), maintenance.compact)
        for at in trials.numbers("GetTable", "UpdateTable")
    ]
    assert [complaint for complaint in found if complaint] == []


@pytest.mark.slow
@pytest.mark.xdist_group("faults_races")
def test_compactions_again_and_again(lake: Lake) -> None:
    lake.put("000.csv", GOOD)
    lake.ingest()
    expected = {"000.csv": "AB"}
    ended = threading.Event()
    compacted: Counter[bool] = Counter()

    def compact() -> None:
        # Without a rest between them no correction would ever be planned on data files that are still there.
        while not ended.wait(REST_SECONDS):
            compacted[maintenance.compact(lake)] += 1

    thread = threading.Thread(target=compact)
    thread.start()
    try:
        for number in range(1, 6):
            lake.put(f"{number:03}.csv", GOOD)
            lake.put(f"{number - 1:03}.csv", OTHER)
            expected |= {f"{number:03}.csv": "AB", f"{number - 1:03}.csv": "C"}
            try:
                lake.ingest()
            except TryAgainError:
                continue  # the next run takes what this one left
    finally:
        ended.set()
        thread.join()
    assert compacted[True] > 0
    lake.ingest()
    assert lake.rows() == rows_of(expected)
    # A content that was corrected before any run got through was never ingested.
    entries = lake.table("_ledger").scan().to_arrow().to_pylist()
    ingested = Counter((entry["key"], entry["sha256"]) for entry in entries if entry["status"] == "ingested")
    assert set(ingested.values()) == {1}
    assert len({key for key, _ in ingested}) == len(expected)
    assert lake.ingest() == []


def test_snapshots_that_expire_change_nothing(lake: Lake) -> None:
    for content in (GOOD, OTHER, GOOD):
        lake.put("000.csv", content)
        lake.put("bad.csv", b"")
        lake.ingest()
        before = State.read(lake)
        for suffix in ("", "_ledger"):
            assert maintenance.expire_snapshots(lake, suffix) == 1
        assert State.read(lake) == before
        assert lake.ingest() == []
    assert lake.rows() == rows_of({"000.csv": "AB"})


def test_a_commit_that_the_ledger_missed_and_whose_snapshot_expired_is_made_again(trials: FaultTrials) -> None:
    """Only the snapshot knew of it: the files count as new, and replace their own rows."""

    def lose_the_snapshot(lake: Lake) -> None:
        assert maintenance.compact(lake)
        assert maintenance.expire_snapshots(lake) == 1

    rows_commit = trials.numbers("UpdateTable")[1]
    assert trials.kill(Fault("hold_after", rows_commit), lose_the_snapshot) == ""
