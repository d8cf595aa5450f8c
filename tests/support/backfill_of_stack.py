"""A backfill on the stack that Terraform made: objects that no event announced."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import backfill
from collections_pipeline import row_v1
from stack import INGESTION, PIPELINE, Stack, eventually

FILES = 2 * backfill.FILES_IN_A_RUN + 1


def run_backfill(stack: Stack) -> tuple[int, list[str]]:
    """Start the workflow once, with more files there than a run or two take; return when all are ingested.

    Returns:
        How many workflow runs there were before, and the keys of the files.
    """
    with _without_notifications(stack):
        keys = [stack.put(f"old-{number}.csv", [row_v1("BACKFILL", str(number))]) for number in range(FILES)]
    before = len(stack.workflow_runs())
    with _hurried_jobs(stack):
        stack.client("glue").start_workflow_run(Name=PIPELINE, RunProperties={"started_by": "catch-up"})
        eventually(lambda: set(keys) <= stack.ledger().keys(), "all files of the backfill in the ledger", 120)
        stack.await_idle()
    return before, keys


def has_run_backfill(stack: Stack) -> bool:
    """Tell whether a run has asked for another one on this stack."""
    return any(run.get("WorkflowRunProperties", {}).get("started_by") == "remaining" for run in stack.workflow_runs())


@contextmanager
def _without_notifications(stack: Stack) -> Iterator[None]:
    s3, bucket = stack.client("s3"), {"Bucket": stack.bucket}
    kept: Any = s3.get_bucket_notification_configuration(**bucket)
    kept.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration=kept)


@contextmanager
def _hurried_jobs(stack: Stack) -> Iterator[None]:
    location = urlsplit(stack.client("glue").get_job(JobName=INGESTION)["Job"]["Command"]["ScriptLocation"])
    place = {"Bucket": location.netloc, "Key": location.path.lstrip("/")}
    s3 = stack.client("s3")
    kept = s3.get_object(**place)["Body"].read()
    s3.put_object(**place, Body=backfill.hurried_script().encode())
    try:
        yield
    finally:
        s3.put_object(**place, Body=kept)
