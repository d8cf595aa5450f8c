"""Lambda function trigger-glue-job-lambda: starts a pipeline's Glue workflow when objects have arrived.

An event is a wake-up, not the work list: the workflow's first job ingests whatever the ledger lacks. So one start
serves all messages of a batch, and a message is done as soon as a run starts after its object arrived. A message that
no run has served yet goes back to the queue. A run that leaves objects for another one says so in a message of its own,
so that what it left has a wake-up too, whatever became of the objects' own messages.

It calls StartWorkflowRun, never StartJobRun, below which no Glue trigger fires:
https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import job_runs
import pipelines
import remaining
import s3_events
from remaining import Remaining
from s3_events import Arrival

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines import DeployedPipeline

# Glue needs up to ten seconds to free the slot of a run that has ended. Inside a workflow run that was accepted, its
# first job would be refused before that, with nobody there to try again.
SETTLING = timedelta(seconds=10)
_REFUSED = "ConcurrentRunsExceededException"
_SQS = "aws:sqs"
_SHOWN = 200

WakeUp = Arrival | Remaining


class NotStartedError(Exception):
    """A workflow was not started and has to be; Lambda repeats an asynchronous invocation that raises."""


@dataclass(frozen=True)
class Decision:
    """What became of a workflow's arrivals.

    Attributes:
        status: started, ignored (a run has dealt with them) or refused (for now).
        reason: why, in words.
    """

    status: str
    reason: str


def handler(event: Any, _context: object) -> dict[str, Any]:
    """Start the workflows whose objects have arrived.

    Args:
        event: a batch of SQS messages, each an S3 event or a message of the ingestion job; or an S3 event.

    Returns:
        For SQS the messages that go back to the queue (batchItemFailures), else status and reason.

    Raises:
        NotStartedError: an S3 event came without a queue, and a workflow could not be started.
        NotAnS3EventError: something else came without a queue.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if records and isinstance(records, list) and isinstance(records[0], dict) and records[0].get("eventSource") == _SQS:
        return {"batchItemFailures": [{"itemIdentifier": message} for message in _serve_queue(records)]}
    return _serve(s3_events.parse(event))


def _serve_queue(messages: Sequence[dict[str, Any]]) -> list[str]:
    """Return the ids of the messages that are not done."""
    arrivals: dict[str, list[WakeUp]] = {}
    for message in messages:
        try:
            arrivals[message["messageId"]] = _parse(json.loads(message["body"]))
        except (s3_events.NotAnS3EventError, remaining.NotAMessageError, ValueError, RecursionError) as error:
            details = {"message": message["messageId"], "reason": str(error), "body": message["body"][:_SHOWN]}
            _log("ERROR", "unreadable", **details)
    _, waiting = _start_for(arrival for found in arrivals.values() for arrival in found)
    done = {message for message, found in arrivals.items() if waiting.isdisjoint(found)}
    return [message["messageId"] for message in messages if message["messageId"] not in done]


def _parse(body: Any) -> list[WakeUp]:
    return [remaining.parse(body)] if remaining.is_message(body) else list(s3_events.parse(body))


def _serve(arrivals: Sequence[WakeUp]) -> dict[str, Any]:
    decisions, waiting = _start_for(arrivals)
    if waiting:
        reasons = {name: decision.reason for name, decision in decisions.items() if decision.status == "refused"}
        raise NotStartedError(f"not started, to be tried again: {json.dumps(reasons)}")
    status = "started" if any(decision.status == "started" for decision in decisions.values()) else "ignored"
    reasons = {name: decision.reason for name, decision in decisions.items()}
    return {"status": status, "workflows": reasons} if reasons else {"status": status, "reason": "no pipeline's object"}


def _start_for(arrivals: Iterable[WakeUp]) -> tuple[dict[str, Decision], set[WakeUp]]:
    """Return a decision per workflow, and the arrivals that no run serves yet."""
    by_pipeline: dict[str, list[WakeUp]] = {}
    foreign = []
    deployed = {pipeline.pipeline: pipeline for pipeline in pipelines.deployed()}
    for arrival in arrivals:
        takers = [name for name, pipeline in deployed.items() if arrival.is_of(pipeline)]
        for name in takers:
            by_pipeline.setdefault(name, []).append(arrival)
        if not takers:
            foreign.append(arrival)
    if foreign:
        _log("INFO", "ignored", reason="no pipeline's bucket, prefix and pattern", **_described(foreign))
    decisions, waiting = {}, set()
    for name, found in by_pipeline.items():
        decision, left = _decide(deployed[name], found)
        decisions[deployed[name].workflow] = decision
        waiting.update(left)
    return decisions, waiting


def _decide(pipeline: DeployedPipeline, arrivals: list[WakeUp]) -> tuple[Decision, list[WakeUp]]:
    level, left = "INFO", arrivals
    try:
        runs = {job: job_runs.last_runs(_glue(), job) for job in {*pipeline.jobs, *pipeline.ingestion_jobs}}
        ingested_until = job_runs.ingested_until(runs[job] for job in pipeline.ingestion_jobs)
        left = [arrival for arrival in arrivals if not _is_before(arrival, ingested_until)]
        if not left:
            decision = Decision("ignored", f"ingested by the run that started at {ingested_until}")
        elif busy := _busy(runs, pipeline.ingestion_jobs):
            decision = Decision("refused", busy)
        else:
            decision = Decision("started", _start(pipeline, left))
    except (ClientError, BotoCoreError) as error:
        level = "INFO" if _is_refusal(error) else "ERROR"
        decision = Decision("refused", str(error))
    _log(level, decision.status, workflow=pipeline.workflow, reason=decision.reason, **_described(left or arrivals))
    return decision, left if decision.status == "refused" else []


def _is_before(arrival: WakeUp, moment: datetime | None) -> bool:
    return moment is not None and arrival.arrived_at is not None and arrival.arrived_at < moment


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == _REFUSED


def _busy(runs: dict[str, list[dict[str, Any]]], first_jobs: list[str]) -> str | None:
    """Return what keeps a job of the workflow from being started, whoever started it."""
    settled = datetime.now(UTC) - SETTLING
    for job, runs_of_job in runs.items():
        for run in runs_of_job:
            if run["JobRunState"] in job_runs.LIVE:
                return f"job run {run['Id']} of {job} is {run['JobRunState']}"
            if job in first_jobs and run.get("CompletedOn", settled) > settled:
                return f"job run {run['Id']} of {job} has just ended"
    return None


def _start(pipeline: DeployedPipeline, arrivals: list[WakeUp]) -> str:
    started_by = "arrival" if any(isinstance(arrival, Arrival) for arrival in arrivals) else "remaining"
    properties = {"started_by": started_by, **{name: str(value) for name, value in _described(arrivals).items()}}
    run = _glue().start_workflow_run(Name=pipeline.workflow, RunProperties=properties)
    return f"workflow run {run['RunId']}"


def _described(arrivals: Sequence[WakeUp]) -> dict[str, Any]:
    # S3 may announce an object more than once.
    arrived = {str(arrival) for arrival in arrivals if isinstance(arrival, Arrival)}
    left = max((arrival.objects for arrival in arrivals if isinstance(arrival, Remaining)), default=0)
    return {"objects": len(arrived) + left, "first_object": str(arrivals[0])}


@functools.cache
def _glue() -> Any:
    return boto3.client("glue")


def _log(level: str, decision: str, **details: Any) -> None:
    print(json.dumps({"level": level, "decision": decision, **details}), flush=True)  # noqa: T201
