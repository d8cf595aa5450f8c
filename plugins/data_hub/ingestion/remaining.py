"""Objects that a job run leaves for another one: the line that tells of them, the message that asks for that run."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime

import boto3

from data_hub.wording import counted

_LINE = re.compile(r"remaining=(\d+)\b")


def line(number: int, reason: str) -> str:
    """Return the line of the job's output, for people and for programs.

    Args:
        number: how many objects are left.
        reason: why, as the end of a sentence that begins with "because".
    """
    return f"remaining={number} ({counted(number, 'object')} left for another run, because {reason})"


def of_output(lines: Iterable[str]) -> int:
    """Return how many objects a run left, by the lines of its output; 0 when they do not tell."""
    return next((int(found[1]) for text in lines if (found := _LINE.match(text))), 0)


def ask_for_run(queue_url: str, pipeline: str, number: int) -> None:
    """Put a message into the queue of arrivals: trigger-glue-job-lambda starts the workflow when this run has ended.

    It is sent whoever drives the pipeline. While Airflow does, nobody takes it, like those of S3.

    Args:
        queue_url: the queue.
        pipeline: name of the pipeline.
        number: how many objects are left.

    Raises:
        ClientError: SQS does not take it.
    """
    message = {"pipeline": pipeline, "remaining": number, "time": datetime.now(UTC).isoformat()}
    boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))
