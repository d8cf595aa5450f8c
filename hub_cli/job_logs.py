"""What the Glue jobs of a run wrote, kept beside Airflow's log: the local AWS forgets it when it ends."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from hub_cli.dag_run import TaskEvent
from local_aws.job_runner import LOG_GROUP
from local_aws.process import LocalAws


def append_to(log: Path, aws: LocalAws, tasks: Iterable[TaskEvent]) -> None:
    """Append the output and the errors of each task's Glue job run to a log file."""
    with log.open("a", encoding="utf-8") as file:
        for task in tasks:
            if task.job_run_id:
                for stream in ("output", "error"):
                    file.write(f"\n--- {LOG_GROUP}/{stream} of {task.job}, run {task.job_run_id}\n")
                    file.writelines(f"{message}\n" for message in _messages(aws, stream, task.job_run_id))


def _messages(aws: LocalAws, stream: str, job_run_id: str) -> Iterator[str]:
    logs = aws.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"{LOG_GROUP}/{stream}", logStreamNames=[job_run_id]
    )
    try:
        for page in pages:
            yield from (event["message"] for event in page["events"])
    except logs.exceptions.ResourceNotFoundException:
        return  # the run ended before it could write anything
