"""Logs of a run in CloudWatch: what the Lambda function and the Glue jobs wrote."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data_hub import metrics

LAMBDA_GROUP = "/aws/lambda/trigger-glue-job-lambda"
OUTPUT_GROUP = "/aws-glue/jobs/output"
JOB_GROUPS = (OUTPUT_GROUP, "/aws-glue/jobs/error")
# How Lambda's Python runtime begins the line of an error that left the handler.
_UNCAUGHT = "[ERROR] "


def lines(logs: Any, group: str, streams: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a log group, the oldest first; none when it is not there.

    Args:
        logs: client of CloudWatch Logs.
        group: name of the log group.
        streams: of these log streams only.
    """
    only = {"logStreamNames": list(streams)} if streams else {}
    try:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **only):
            yield from (event["message"].rstrip("\n") for event in page["events"])
    except logs.exceptions.ResourceNotFoundException:
        return


def last_error(logs: Any) -> str | None:
    """Return the last error that the Lambda function wrote."""
    found = [error for line in lines(logs, LAMBDA_GROUP) if (error := _error(line))]
    return found[-1] if found else None


def _error(line: str) -> str | None:
    if line.startswith(_UNCAUGHT):
        return line.removeprefix(_UNCAUGHT)
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    is_error = isinstance(entry, dict) and entry.get("level") == "ERROR"
    return f"{entry['decision']}: {entry['reason']}" if is_error else None


def save(logs: Any, job_run_ids: Sequence[str], file: Path) -> None:
    """Write the logs of the Lambda function and of some job runs into a file, without what is for CloudWatch only.

    Args:
        logs: client of CloudWatch Logs.
        job_run_ids: in the order in which they are written.
        file: what it held is gone.
    """
    sources: list[tuple[str, list[str]]] = [(LAMBDA_GROUP, [])]
    sources += [(group, [run_id]) for run_id in job_run_ids for group in JOB_GROUPS]
    with file.open("w", encoding="utf-8") as target:
        for group, streams in sources:
            target.write(f"--- log group {group}{''.join(f', stream {stream}' for stream in streams)}\n")
            target.writelines(f"{line}\n" for line in lines(logs, group, streams) if not metrics.is_line(line))
