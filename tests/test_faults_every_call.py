"""Every S3 and catalogue call of an ingestion in turn: it fails, its answer is lost, the process dies, another runs.

After each of them: no part of a file was ever to be seen, and the next run leaves the very rows, rejects and ledger of
a run without faults; one more finds nothing to do.
"""

from collections.abc import Iterable, Iterator

import fault_trials
import pytest
from fault_trials import FaultTrials

from local_aws.faults import Effect, Fault
from local_aws.process import LocalAws

COMMITS = ("UpdateTable", "CreateTable")
WRITES = ("POST", "PUT", "DELETE", *COMMITS)
# A call is tried again this often at most.
EVERY_ATTEMPT = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(autouse=True)
def _without_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    fault_trials.without_long_waits(monkeypatch)


@pytest.fixture(autouse=True)
def _without_a_plan(aws: LocalAws) -> Iterator[None]:
    yield
    aws.faults.end()


@pytest.fixture(scope="module")
def trials(aws: LocalAws) -> FaultTrials:
    return fault_trials.with_corrections(aws)


@pytest.fixture(scope="module")
def first(aws: LocalAws) -> FaultTrials:
    return fault_trials.into_no_tables(aws)


def faults(effect: Effect, numbers: Iterable[int], times: int = 1) -> list[Fault]:
    return [Fault(effect, at, times) for at in numbers]


def of_source(trials: FaultTrials) -> list[int]:
    bucket = f"/{trials.lake.deployment.source_bucket}"
    return [at for at, call in enumerate(trials.calls, 1) if call.target.startswith(bucket)]


def complaints(found: Iterable[str]) -> list[str]:
    return [complaint for complaint in found if complaint]


@pytest.mark.xdist_group("faults_killed")
def test_killed_at_every_call(trials: FaultTrials) -> None:
    """After the first call, and after each that writes: dying at a read leaves what the write before it left."""
    numbers = [1, *trials.numbers(*WRITES)]
    assert complaints(map(trials.kill, faults("hold_after", numbers))) == []


@pytest.mark.xdist_group("faults_refused")
def test_every_call_is_refused(trials: FaultTrials) -> None:
    """Refused means at once: nothing is tried again, and the error comes through at every place.

    But for the objects of the source: one that may not be read is a state of its own (``test_ingest``).
    """
    numbers = [at for at in trials.numbers() if at not in of_source(trials)]
    assert complaints(map(trials.meet, faults("refuse", numbers))) == []


@pytest.mark.xdist_group("faults_lost")
@pytest.mark.parametrize("effect", ["cut_after", "duplicate"])
def test_every_write_is_done_without_an_answer_or_twice(trials: FaultTrials, effect: Effect) -> None:
    assert complaints(map(trials.meet, faults(effect, trials.numbers(*WRITES)))) == []


@pytest.mark.xdist_group("faults_commits")
@pytest.mark.parametrize("effect", ["error", "throttle", "delay", "cut_before", "cut_amid", "cut_after", "late"])
def test_every_commit_and_every_attempt_of_it(trials: FaultTrials, effect: Effect) -> None:
    commits = trials.numbers(*COMMITS)
    assert complaints(map(trials.meet, faults(effect, commits) + faults(effect, commits, EVERY_ATTEMPT))) == []


@pytest.mark.xdist_group("faults_commits")
@pytest.mark.parametrize("effect", ["error", "cut_before", "cut_amid"])
def test_every_read_of_the_source_and_every_attempt_of_it(trials: FaultTrials, effect: Effect) -> None:
    reads = of_source(trials)
    assert complaints(map(trials.meet, faults(effect, reads) + faults(effect, reads, EVERY_ATTEMPT))) == []


@pytest.mark.xdist_group("faults_overtaken")
def test_overtaken_by_another_ingestion(trials: FaultTrials) -> None:
    """At every call whose answer another writer can change: of the catalogue, and of the source.

    All other objects have names of their own and are written once.
    """
    mutable = sorted({*trials.numbers("GetTable", *COMMITS), *of_source(trials)})
    assert complaints(map(trials.overtake, faults("hold_before", mutable))) == []


@pytest.mark.xdist_group("faults_overtaken")
def test_what_a_killed_ingestion_had_sent_arrives_after_the_repair(trials: FaultTrials) -> None:
    assert complaints(map(trials.kill, faults("hold_before", trials.numbers(*COMMITS)))) == []


@pytest.mark.xdist_group("faults_first")
@pytest.mark.parametrize("effect", ["cut_before", "cut_after", "duplicate", "late", "throttle"])
def test_the_first_ingestion_makes_the_tables(first: FaultTrials, effect: Effect) -> None:
    creations = first.numbers("CreateTable")
    assert complaints(map(first.meet, faults(effect, creations))) == []


@pytest.mark.xdist_group("faults_first")
def test_the_first_ingestion_killed_while_it_makes_the_tables(first: FaultTrials) -> None:
    until = first.numbers("CreateTable")[-1] + 1
    assert complaints(map(first.kill, faults("hold_after", range(1, until + 1)))) == []
    assert complaints(map(first.overtake, faults("hold_before", first.numbers("CreateTable")))) == []
