"""Glue jobs whose script a test writes."""

import subprocess
import textwrap
import time
from collections.abc import Callable
from typing import Any, TypeVar

from local_aws.process import LocalAws

DEADLINE_SECONDS = 20.0
T = TypeVar("T")


def wait_for(question: Callable[[], T | None], what: str) -> T:
    """Return the first true answer; fail when none comes in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS:.0f} s: {what}"
        time.sleep(0.02)
    return answer


def is_gone(pid: int) -> bool:
    """A zombie counts as gone: it runs nothing, and its parent decides when it disappears."""
    listing = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip()[:1] in ("", "Z")


def create_job(aws: LocalAws, name: str, script: str, **job: Any) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="job-trials")
    s3.put_object(Bucket="job-trials", Key=f"{name}.py", Body=textwrap.dedent(script).encode())
    command = {"Name": "glueetl", "ScriptLocation": f"s3://job-trials/{name}.py"}
    settings = {"Role": "trial", "Command": command, "GlueVersion": "5.1", "WorkerType": "G.1X", "Timeout": 60}
    glue: Any = aws.client("glue")
    glue.create_job(Name=name, **(settings | {"NumberOfWorkers": 2} | job))


def start(aws: LocalAws, name: str, **request: Any) -> str:
    return aws.client("glue").start_job_run(JobName=name, **request)["JobRunId"]


def job_run(aws: LocalAws, name: str, run_id: str) -> dict[str, Any]:
    return dict(aws.client("glue").get_job_run(JobName=name, RunId=run_id)["JobRun"])


def wait_for_state(aws: LocalAws, name: str, run_id: str, *states: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        run = job_run(aws, name, run_id)
        return run if run["JobRunState"] in states else None

    return wait_for(reached, f"{name} is {' or '.join(states)}")


def finished(aws: LocalAws, name: str, run_id: str) -> dict[str, Any]:
    return wait_for_state(aws, name, run_id, "SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")


def run(aws: LocalAws, name: str, **request: Any) -> dict[str, Any]:
    return finished(aws, name, start(aws, name, **request))


def log(aws: LocalAws, kind: str, run_id: str) -> list[str]:
    """Return the lines of a run's log; none before the first run has made the log group."""
    logs = aws.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws-glue/jobs/{kind}", logStreamNames=[run_id]
    )
    try:
        return [event["message"] for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []
