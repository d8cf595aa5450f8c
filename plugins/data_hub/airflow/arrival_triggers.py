"""Airflow triggers that look for new objects: one wakes the DAG, the other a run that waits.

Airflow stores their arguments, also those of an older release: a new argument needs a default, and none may go.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from data_hub.airflow import polling
from data_hub.airflow.announcements import Announcements
from data_hub.airflow.arrival_looks import DeployedLookout, PatientLooks
from data_hub.pipelines import graph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from data_hub.ledgers.arrivals import NewObjects
    from data_hub.pipelines.pipeline import Pipeline

FOUND = "found"
TIMEOUT = "timeout"

_KEYS_IN_EVENT = 10


def watched_by(pipeline: Pipeline) -> dict[str, Any]:
    """Return the arguments that both triggers take of a pipeline."""
    return {
        "job_name": graph.start_jobs(pipeline)[0],
        "prefix": pipeline.source.prefix,
        "pattern": pipeline.source.pattern,
        "table": pipeline.table.name,
        "ledger": pipeline.table.ledger_name,
        "poll_seconds": polling.watch_seconds(),
    }


class ArrivalTrigger(BaseEventTrigger):
    """Announces new objects, for as long as the DAG is there.

    New versions are announced at once, but not while the ingestion runs, which lists the bucket itself, nor before
    the time at which a set of objects that failed is tried again.

    Args:
        job_name: the Glue job that ingests.
        prefix: key prefix of the source.
        pattern: what follows it.
        table: name of the table.
        ledger: name of its ledger.
        poll_seconds: pause between two looks.
    """

    def __init__(
        self, job_name: str, prefix: str, pattern: str, table: str, ledger: str, poll_seconds: float = 60
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.arguments: dict[str, Any] = {
            "job_name": job_name,
            "prefix": prefix,
            "pattern": pattern,
            "table": table,
            "ledger": ledger,
            "poll_seconds": poll_seconds,
        }

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        return f"{__name__}.{type(self).__name__}", self.arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, announce, pause, for ever; the event says how many objects are new, and the first 10 keys."""
        lookout, announcements = _lookout(self.arguments), Announcements()
        looks = PatientLooks(self.arguments["poll_seconds"], self.log)
        while True:
            new = await looks.take(lambda: self._to_announce(lookout, announcements))
            if new is not None:
                yield TriggerEvent({"count": new.count, "keys": [item.key for item in new.shown[:_KEYS_IN_EVENT]]})  # type: ignore[no-untyped-call]
            await asyncio.sleep(looks.pause)

    def _to_announce(self, lookout: DeployedLookout, announcements: Announcements) -> NewObjects | None:
        from data_hub import backoff

        new, now = lookout.look(), backoff.now()
        if not announcements.are_due(new.versions, now):
            return None
        runs = backoff.read(self.arguments["job_name"], new.digest)
        if runs.is_active or (runs.until is not None and now < runs.until):
            return None
        announcements.record(new.versions, now)
        return new


class NewObjectsTrigger(BaseTrigger):
    """Waits until objects are new, or until a point in time.

    Args:
        job_name: the Glue job that ingests.
        prefix: key prefix of the source.
        pattern: what follows it.
        table: name of the table.
        ledger: name of its ledger.
        poll_seconds: pause between two looks.
        keys: wait until all of these are there and one is new; empty for any object.
        deadline: epoch seconds after which the waiting ends; a restart of the triggerer does not move it.
    """

    def __init__(
        self,
        job_name: str,
        prefix: str,
        pattern: str,
        table: str,
        ledger: str,
        poll_seconds: float = 60,
        keys: Sequence[str] = (),
        deadline: float = 0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.arguments: dict[str, Any] = {
            "job_name": job_name,
            "prefix": prefix,
            "pattern": pattern,
            "table": table,
            "ledger": ledger,
            "poll_seconds": poll_seconds,
            "keys": list(keys),
            "deadline": deadline,
        }

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        return f"{__name__}.{type(self).__name__}", self.arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Pause and look, for the sensor has just looked; the event's ``status`` is found or timeout."""
        lookout, deadline = _lookout(self.arguments), self.arguments["deadline"]
        looks = PatientLooks(self.arguments["poll_seconds"], self.log)
        while (left := deadline - time.time()) > 0:
            await asyncio.sleep(min(looks.pause, left))
            new = await looks.take(lambda: lookout.look(self.arguments["keys"]))
            if new is not None and new.count and not new.missing:
                yield TriggerEvent({"status": FOUND})  # type: ignore[no-untyped-call]
                return
        yield TriggerEvent({"status": TIMEOUT})  # type: ignore[no-untyped-call]


def _lookout(arguments: dict[str, Any]) -> DeployedLookout:
    names = ("prefix", "pattern", "table", "ledger")
    return DeployedLookout(arguments["job_name"], **{name: arguments[name] for name in names})
