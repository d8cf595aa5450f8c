"""10,000 files at once: how often the Lambda function starts a run, and whether one covers every file.

A queue, Glue and the clock are played; the function is the real one.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from deployed_lambda import COLLECTIONS, INGESTION, VIEWS
from stubbed_calls import RefusedError, StubbedCalls

import pipelines
import trigger_glue_job

FILES = 10_000
SECONDS_OF_ARRIVALS = 60
BATCH = 1000
WINDOW = timedelta(seconds=30)
VISIBILITY = timedelta(seconds=120)
# What main.tf counts for jobs of 60 and 30 minutes.
RECEIVES = 90
BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
INGESTION_SECONDS = 240
VIEWS_SECONDS = 60


@dataclass
class Message:
    """A message in the queue."""

    number: int
    arrived: datetime
    visible: datetime
    receives: int = 0

    def to_record(self) -> dict[str, Any]:
        key = f"collections-data/ingest_ts=1/{self.number}.csv"
        entity = {"bucket": {"name": "raw"}, "object": {"key": key}}
        event = {"eventName": "ObjectCreated:Put", "eventTime": self.arrived.isoformat(), "s3": entity}
        body = json.dumps({"Records": [event]})
        return {"messageId": str(self.number), "eventSource": "aws:sqs", "body": body}


@dataclass
class Glue:
    """A workflow whose runs take their time."""

    now: datetime = BEGIN
    starts: list[datetime] = field(default_factory=list)

    def start(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.starts and self.now < self.starts[-1] + timedelta(seconds=INGESTION_SECONDS + VIEWS_SECONDS):
            raise RefusedError("ConcurrentRunsExceededException")
        self.starts.append(self.now)
        return {"RunId": f"wr_{len(self.starts)}"}

    def job_runs(self, parameters: dict[str, Any]) -> dict[str, Any]:
        after, takes = {INGESTION: (0, INGESTION_SECONDS), VIEWS: (INGESTION_SECONDS, VIEWS_SECONDS)}[
            parameters["JobName"]
        ]
        begun = [start + timedelta(seconds=after) for start in reversed(self.starts)]
        return {"JobRuns": [self._run(start, start + timedelta(seconds=takes)) for start in begun if start <= self.now]}

    def _run(self, start: datetime, end: datetime) -> dict[str, Any]:
        run: dict[str, Any] = {"Id": "jr_1", "StartedOn": start, "JobRunState": "RUNNING"}
        return run | ({"JobRunState": "SUCCEEDED", "CompletedOn": end} if end <= self.now else {})


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Glue:
    played = Glue()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(played.now.timestamp(), tz)

    calls = StubbedCalls("glue", GetJobRuns=played.job_runs, StartWorkflowRun=played.start)
    monkeypatch.setattr(trigger_glue_job, "datetime", Clock)
    monkeypatch.setattr(trigger_glue_job, "_glue", lambda: calls.client)
    monkeypatch.setattr(pipelines, "deployed", lambda: [COLLECTIONS])
    return played


def serve(glue: Glue, queue: list[Message]) -> list[Message]:
    """Give what is visible to the function, in batches; return what stays in the queue."""
    visible = [message for message in queue if message.visible <= glue.now]
    left = [message for message in queue if message.visible > glue.now]
    for first in range(0, len(visible), BATCH):
        batch = visible[first : first + BATCH]
        answer = trigger_glue_job.handler({"Records": [message.to_record() for message in batch]}, None)
        handed_back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in batch:
            message.receives += 1
            message.visible = glue.now + VISIBILITY
        left += [message for message in batch if str(message.number) in handed_back]
    return left


def test_a_burst_of_10_000_files_starts_a_handful_of_runs(glue: Glue) -> None:
    arrivals = [BEGIN + timedelta(seconds=SECONDS_OF_ARRIVALS * number / FILES) for number in range(FILES)]
    messages = [Message(number, arrived, arrived) for number, arrived in enumerate(arrivals)]
    queue = list(messages)
    while queue:
        glue.now += WINDOW
        queue = serve(glue, queue)
        assert glue.now < BEGIN + timedelta(hours=1), f"{len(queue)} messages are still there"
    assert len(glue.starts) <= 3
    assert max(arrivals) < glue.starts[-1], "the last run began before the last file came"
    assert max(message.receives for message in messages) < RECEIVES / 5
