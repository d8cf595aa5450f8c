"""An ingestion whose commits fail, lose their answer, are done twice or late, or whose process dies beside them.

A few of them here, at once; ``test_faults_every_call`` tries every call.
"""

from collections.abc import Iterator

import fault_trials
import pytest
from fault_trials import FaultTrials

from local_aws.faults import Effect, Fault
from local_aws.process import LocalAws


@pytest.fixture(scope="module")
def trials(aws: LocalAws) -> FaultTrials:
    return fault_trials.with_corrections(aws)


@pytest.fixture(autouse=True)
def _without_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    fault_trials.without_long_waits(monkeypatch)


@pytest.fixture(autouse=True)
def _without_a_plan(aws: LocalAws) -> Iterator[None]:
    yield
    aws.faults.end()


def _named(row: tuple[object, ...]) -> tuple[object, ...]:
    return (str(row[0]).rsplit("/", 1)[-1], *row[1:])


def test_without_a_fault(trials: FaultTrials) -> None:
    after = trials.after
    assert [_named(row) for row in after.rows] == [
        ("corrected.csv", 2, "C", "1"),
        ("good.csv", 2, "E", "1"),
        ("good.csv", 3, "F", "1"),
        *sorted((("one_reject.csv", line, "G", "1") for line in range(2, 32)), key=str),
        ("unchanged.csv", 2, "D", "1"),
    ]
    assert [_named(row)[:2] for row in after.rejects] == [
        ("one_reject.csv", 32),
        ("rejected.csv", 2),
        ("rejected.csv", 3),
    ]
    entries = {_named(entry) for entry in after.ledger}
    assert entries >= {
        ("corrected.csv", "ingested", 2, 2, 0),
        ("corrected.csv", "ingested", 1, 1, 0),
        ("unchanged.csv", "ingested", 1, 1, 0),
        ("unchanged.csv", "skipped", 1, 1, 0),
        ("good.csv", "ingested", 2, 2, 0),
        ("one_reject.csv", "ingested", 31, 30, 1),
        ("rejected.csv", "rejected", 2, 0, 2),
    }
    assert {entry[1] for entry in entries} <= {"ingested", "skipped", "rejected", "superseded"}


@pytest.mark.parametrize("effect", ["cut_after", "duplicate", "late"])
def test_a_commit_of_the_table(trials: FaultTrials, effect: Effect) -> None:
    rows_commit = trials.numbers("UpdateTable")[1]
    assert trials.meet(Fault(effect, rows_commit)) == ""


def test_a_process_that_dies_between_the_commits_of_table_and_ledger(trials: FaultTrials) -> None:
    rows_commit = trials.numbers("UpdateTable")[1]
    assert trials.kill(Fault("hold_after", rows_commit)) == ""


def test_a_file_is_not_cut_short_where_its_connection_ends(trials: FaultTrials) -> None:
    reads = [at for at, call in enumerate(trials.calls, 1) if "one_reject.csv" in call.target]
    assert trials.meet(Fault("cut_amid", reads[0])) == ""
