from collections.abc import Callable
from datetime import timedelta

import pytest

from data_hub.airflow import polling
from data_hub.errors import DataHubError


@pytest.mark.parametrize(
    ("variable", "seconds", "default"),
    [("DATA_HUB_POLL_SECONDS", polling.poll_seconds, 30), ("DATA_HUB_WATCH_SECONDS", polling.watch_seconds, 60)],
)
def test_the_environment_sets_the_intervals(
    monkeypatch: pytest.MonkeyPatch, variable: str, seconds: Callable[[], int], default: int
) -> None:
    monkeypatch.setenv(variable, "7")
    assert seconds() == 7
    monkeypatch.delenv(variable)
    assert seconds() == default


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "0.5"])
def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATA_HUB_POLL_SECONDS", value)
    with pytest.raises(DataHubError, match=r"DATA_HUB_POLL_SECONDS.*set a whole number above 0"):
        polling.poll_seconds()


@pytest.mark.parametrize("seconds", [1, 7, 30, 100])
def test_the_attempts_cover_the_whole_time(seconds: int) -> None:
    # The first question is asked at once, so n attempts last n - 1 intervals.
    assert (polling.attempts(timedelta(minutes=10), seconds) - 1) * seconds >= 600
