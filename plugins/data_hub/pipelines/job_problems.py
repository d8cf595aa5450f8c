"""What is wrong with a pipeline's jobs, in words."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_hub.pipelines.pipeline import Job, Pipeline

INGESTION_SCRIPT = "glue_csv_to_iceberg.py"
VIEWS_SCRIPT = "glue_create_views_dual_engine.py"
# The deployment sets all others.
INGESTION_ARGUMENTS = {
    "--engine": (re.compile("arrow|spark"), "arrow or spark"),
    "--max_bytes": (re.compile("[1-9][0-9]{0,15}"), "a whole number of bytes above 0"),
}


def of_jobs(pipeline: Pipeline) -> list[str]:
    """Return one line for default arguments that may not be set, or not so, and views jobs that overtake each other."""
    arguments = [
        f"jobs.{name}.default_arguments.{problem}"
        for name, job in pipeline.jobs.items()
        for problem in _argument_problems(job)
    ]
    concurrency = [
        f"jobs.{name}.max_concurrent_runs: of two runs at once the one that read the table first may publish last, and "
        "its views would be out of date; write 1"
        for name, job in pipeline.jobs.items()
        if job.script == VIEWS_SCRIPT and job.max_concurrent_runs > 1
    ]
    return [*arguments, *concurrency]


def _argument_problems(job: Job) -> Iterator[str]:
    known = INGESTION_ARGUMENTS if job.script == INGESTION_SCRIPT else {}
    for name, value in job.default_arguments.items():
        if name not in known:
            yield f"{name}: {_describe_unknown(name, list(known))}"
            continue
        grammar, expected = known[name]
        if not grammar.fullmatch(value):
            yield f"{name}: '{value}' does not fit; write {expected}"


def _describe_unknown(name: str, known: list[str]) -> str:
    if not known:
        return f"only a job with script: {INGESTION_SCRIPT} takes arguments from here; remove it"
    if close := difflib.get_close_matches(name, known, n=1):
        return f"is no argument; did you mean '{close[0]}'?"
    return f"is not to be set here (the deployment sets what else a job needs); use {' or '.join(known)}"
