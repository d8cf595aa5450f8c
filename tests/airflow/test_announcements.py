"""When the watcher announces new objects."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data_hub.airflow.announcements import Announcements

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
A, B, C = frozenset({b"a"}), frozenset({b"b"}), frozenset({b"c"})
VERSIONS = st.frozensets(st.sampled_from([b"a", b"b", b"c"]))


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def announced_at(looks: list[tuple[float, frozenset[bytes]]]) -> list[float]:
    """Return the minutes at which looks led to an announcement."""
    announcements, told = Announcements(), []
    for minute, versions in looks:
        if announcements.are_due(versions, minutes(minute)):
            announcements.record(versions, minutes(minute))
            told.append(minute)
    return told


def test_what_stays_new_is_announced_again_and_again_ever_more_rarely() -> None:
    looks = [(minute, A) for minute in range(200)]
    assert announced_at(looks) == [0, 1, 3, 7, 15, 31, 63, 123, 183]


def test_a_further_version_is_announced_at_once() -> None:
    assert announced_at([(0, A), (0.1, A), (0.2, A | B), (0.3, A | B)]) == [0, 0.2]


def test_what_a_run_has_left_of_a_set_is_announced_at_once() -> None:
    assert announced_at([(0, A | B), (0.5, A), (1, A)]) == [0, 0.5]


def test_each_part_that_a_run_deals_with_begins_the_pauses_anew() -> None:
    looks = [(0, A | B | C), (1, A | B | C), (3, A | B | C), (3.1, A | B), (3.2, A), (3.3, A), (4.2, A), (5, A)]
    assert announced_at(looks) == [0, 1, 3, 3.1, 3.2, 4.2]


def test_what_was_dealt_with_and_is_new_again_is_announced_at_once() -> None:
    assert announced_at([(0, A), (0.1, frozenset()), (0.2, A)]) == [0, 0.2]


def test_what_could_not_be_announced_stays_due() -> None:
    announcements = Announcements()
    assert announcements.are_due(A, NOON)
    assert announcements.are_due(A, NOON)


@given(st.lists(st.tuples(st.floats(0.05, 90), VERSIONS), max_size=30))
def test_nothing_new_waits_and_nothing_old_floods(steps: list[tuple[float, frozenset[bytes]]]) -> None:
    announcements = Announcements()
    now, told, told_at = NOON, frozenset[bytes](), NOON
    for pause, versions in steps:
        now += timedelta(minutes=pause)
        due = announcements.are_due(versions, now)
        if not versions:
            told = frozenset()
            assert not due
        elif versions != told or now - told_at >= timedelta(minutes=60):
            assert due
        elif now - told_at < timedelta(minutes=1):
            assert not due
        if due:
            announcements.record(versions, now)
            told, told_at = versions, now
