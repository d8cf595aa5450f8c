"""Event source mappings: takes batches of messages from queues to Lambda functions, as Lambda's pollers do."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends

from local_aws.environment import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_aws.lambda_runner import Answer, LambdaRunner

CHECK_SECONDS = 0.2


class EventSources:
    """One thread for all mappings; it ends with its context."""

    def __init__(self, runner: LambdaRunner, second: float) -> None:
        """Prepare to poll.

        Args:
            runner: calls the functions.
            second: how long a second of a batching window lasts.
        """
        self._runner = runner
        self._second = second
        self._waiting_since: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="event-sources", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _poll(self) -> None:
        backend = lambda_backends[ACCOUNT][REGION]
        while not self._ended.wait(CHECK_SECONDS):
            for mapping in list(backend._event_source_mappings.values()):
                try:
                    if mapping.enabled and (batch := self._batch(mapping)):
                        self._deliver(mapping, batch)
                # The other mappings must not wait for this one to be put in order.
                except Exception:
                    logging.exception("Event source mapping %s", mapping.uuid)

    def _batch(self, mapping: Any) -> list[Any]:
        """Take a batch from the queue once it is full or its oldest message has waited for the batching window."""
        queue = _queue(mapping)
        waiting = len(queue.messages)
        if not waiting:
            self._waiting_since.pop(mapping.uuid, None)
            return []
        since = self._waiting_since.setdefault(mapping.uuid, time.monotonic())
        window = (mapping.max_batch_window or 0) * self._second
        if waiting < mapping.batch_size and time.monotonic() - since < window:
            return []
        del self._waiting_since[mapping.uuid]
        return receive(queue, mapping.batch_size)

    def _deliver(self, mapping: Any, batch: list[Any]) -> None:
        function = lambda_backends[ACCOUNT][REGION].get_function(mapping.function_arn)
        answer = self._runner.call(function, _event(mapping, batch))
        failed = failed_messages(answer, [message.id for message in batch], mapping.function_response_types or [])
        delete(_queue(mapping), {message.id for message in batch} - failed)


def receive(queue: Any, count: int) -> list[Any]:
    """Take up to ``count`` messages that are visible; those received too often become dead letters.

    moto's own ReceiveMessage and DeleteMessage count all messages for each message.
    """
    limit = (queue.redrive_policy or {}).get("maxReceiveCount")
    received: list[Any] = []
    dead: list[Any] = []
    with queue._messages_lock:
        for message in queue.messages:
            if limit and message.approximate_receive_count >= limit:
                dead.append(message)
            elif len(received) < count:
                message.mark_received(queue.visibility_timeout)
                queue.pending_messages.add(message)
                received.append(message)
    delete(queue, {message.id for message in dead})
    for message in dead:
        queue.dead_letter_queue.add_message(message)
    return received


def delete(queue: Any, ids: set[str]) -> None:
    """Delete messages, wherever they are in their life."""
    with queue._messages_lock:
        for message in [message for message in queue._messages if message.id in ids]:
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)
        queue._messages = [message for message in queue._messages if message.id not in ids]


def failed_messages(answer: Answer, ids: Iterable[str], response_types: list[str]) -> set[str]:
    """Return the messages that a call leaves in the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    if answer.errored:
        return set(ids)
    if "ReportBatchItemFailures" not in response_types:
        return set()
    with contextlib.suppress(AttributeError, KeyError, TypeError):
        response = json.loads(answer.payload) or {}
        failed = {item["itemIdentifier"] for item in response.get("batchItemFailures") or []}
        if failed <= set(ids):
            return failed
    return set(ids)


def _queue(mapping: Any) -> Any:
    return sqs_backends[ACCOUNT][REGION].get_queue(mapping.event_source_arn.rpartition(":")[2])


def _event(mapping: Any, batch: list[Any]) -> dict[str, Any]:
    """Return what the function gets; https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return {
        "Records": [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.approximate_receive_count),
                    "SentTimestamp": str(message.sent_timestamp),
                    "SenderId": message.sender_id,
                    "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
                },
                "messageAttributes": {},
                "md5OfBody": message.body_md5,
                "eventSource": "aws:sqs",
                "eventSourceARN": mapping.event_source_arn,
                "awsRegion": REGION,
            }
            for message in batch
        ]
    }
