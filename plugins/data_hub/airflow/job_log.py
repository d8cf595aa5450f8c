"""What a Glue job run wrote, taken from CloudWatch into the task's log."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from data_hub import metrics
from data_hub.airflow.job_run_outcome import SUCCEEDED
from data_hub.airflow.jobs import read_job
from data_hub.errors import DataHubError
from data_hub.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_glue.type_defs import JobRunTypeDef

log = logging.getLogger(__name__)

MAX_LINES = 2000
MAX_BYTES = 1 << 20

# https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
_GROUP_ARGUMENT = "--custom-logGroup-prefix"
_DEFAULT_GROUP = "/aws-glue/jobs"
# What Glue 5 adds to the run's id in the name of the driver's stream.
# https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
_DRIVER = "-driver"
# Lines that are left out are counted on this many more pages; a page is at most a megabyte.
_PAGES_COUNTED = 10


@dataclass(frozen=True)
class LogStream:
    """The end of a CloudWatch log stream.

    Attributes:
        lines: its last lines.
        left_out: how many lines there are before them.
        is_all_counted: whether there are exactly so many, not more.
    """

    lines: list[str]
    left_out: int
    is_all_counted: bool


def copy(job_run: JobRunTypeDef) -> list[str]:
    """Write what a job run that has ended wrote into a task's log, but for the lines that are for CloudWatch.

    Its standard error is part of it only when the run failed: on AWS most of it is Spark's own chatter. A log that
    cannot be read is a warning and no more, for it does not change what the run did.

    Args:
        job_run: the run.

    Returns:
        The lines of its standard output.
    """
    group = _group_of(job_run)
    output = _copy_stream(f"{group}/output", job_run["Id"])
    if job_run["JobRunState"] != SUCCEEDED:
        _copy_stream(f"{group}/error", job_run["Id"])
    return output


def _group_of(job_run: JobRunTypeDef) -> str:
    """Return the beginning of the run's log groups.

    A run's Arguments are only those that it was started with; the job's own are in the job.
    """
    if prefix := job_run.get("Arguments", {}).get(_GROUP_ARGUMENT):
        return prefix
    try:
        default = read_job(job_run["JobName"]).get("DefaultArguments", {}).get(_GROUP_ARGUMENT)
    except (BotoCoreError, ClientError, DataHubError) as error:
        log.warning("The job's log group cannot be read: %s", error)
        default = None
    return default or job_run.get("LogGroupName") or _DEFAULT_GROUP


def _copy_stream(group: str, stream: str) -> list[str]:
    try:
        found = _read_run(group, stream)
    except (BotoCoreError, ClientError) as error:
        log.warning("The job run's log %s, stream %s, cannot be read: %s", group, stream, error)
        return []
    if found.left_out:
        than = "" if found.is_all_counted else "more than "
        log.info("%s%s before these: log group %s, stream %s", than, counted(found.left_out, "line"), group, stream)
    log.info("%s of log group %s, stream %s:", counted(len(found.lines), "line"), group, stream)
    for line in found.lines:
        log.info("%s", line)
    return found.lines


def _read_run(group: str, run_id: str) -> LogStream:
    try:
        return read_end(group, run_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return read_end(group, f"{run_id}{_DRIVER}")


def read_end(group: str, stream: str) -> LogStream:
    """Return the last lines of a log stream that are for people, at most ``MAX_LINES`` and ``MAX_BYTES``.

    Raises:
        ClientError: there is no such stream, or it may not be read.
    """
    lines: deque[str] = deque()
    size, left_out, pages_counted = 0, 0, 0
    is_full = False
    for page in _pages_from_end(group, stream):
        if is_full and pages_counted == _PAGES_COUNTED:
            return LogStream(list(lines), left_out, is_all_counted=False)
        pages_counted += is_full
        for line in reversed(page):
            size += len(line.encode())
            is_full = is_full or len(lines) == MAX_LINES or size > MAX_BYTES
            if is_full:
                left_out += 1
            else:
                lines.appendleft(line)
    return LogStream(list(lines), left_out, is_all_counted=True)


def _pages_from_end(group: str, stream: str) -> Iterator[list[str]]:
    logs = boto3.client("logs")
    request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": False}
    while True:
        page = logs.get_log_events(**request)
        lines = [line for event in page["events"] for line in event["message"].rstrip().splitlines()]
        yield [line for line in lines if not metrics.is_line(line)]
        # At the stream's beginning the token that was sent comes back.
        if page["nextBackwardToken"] == request.get("nextToken"):
            return
        request["nextToken"] = page["nextBackwardToken"]
