"""Which new objects Airflow has been told of, and when it is told again."""

from collections.abc import Set
from datetime import UTC, datetime

from data_hub import backoff

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Announcements:
    """Decides when new objects are announced: each version once, and again while it stays new.

    - A part of what was announced: a run has dealt with the rest. What it left is announced at once, so that a backfill
      that takes many runs goes on by itself.
    - All of it: Airflow may lose an announcement (it drops those that come while the DAG is paused), so it is announced
      again after 1, 2, 4 ... 60 minutes.
    """

    def __init__(self) -> None:
        self._told: Set[bytes] = frozenset()
        self._times = 0
        self._again_at = _LONG_AGO

    def are_due(self, versions: Set[bytes], now: datetime) -> bool:
        """Tell whether these versions, all that are new now, are to be announced.

        What is new no more is forgotten: should it be new again, it is announced at once.
        """
        if not versions:
            self._told, self._times, self._again_at = frozenset(), 0, _LONG_AGO
            return False
        return versions != self._told or now >= self._again_at

    def record(self, versions: Set[bytes], now: datetime) -> None:
        """Take note that these versions were announced."""
        self._times = self._times + 1 if versions == self._told else 1
        self._told = versions
        self._again_at = now + backoff.delay(self._times)
