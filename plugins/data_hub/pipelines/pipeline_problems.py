"""What is wrong with a pipeline file, in words: field, value and fix."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.pipelines import column_problems, csv_problems, graph, job_problems
from data_hub.pipelines.schedule import to_airflow_cron
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from data_hub.pipelines.pipeline import Pipeline

# What a deployment has besides the buckets that objects arrive in.
_OWN_BUCKETS = {"warehouse", "scripts"}
_PATTERN_HINTS = {
    "pipeline": "use lower-case letters, digits, - and _, starting with a letter",
    "prefix": "write a key prefix that ends with / and has no wildcard",
    "pattern": "write what follows the prefix, without a slash at its start",
    "catch_up": 'write six fields, for example "cron(0 * * * ? *)" for every hour',
    "script": "name a .py file of glue_jobs/",
    "bucket": "use lower-case letters, digits and -, starting with a letter",
    "name": "use lower-case letters, digits and _, starting with a letter",
    "[key]": "use lower-case letters, digits and _, starting with a letter",
}
_ITEM_PATTERN_HINT = "use letters, digits, _ and *, which stands for any characters of an MDRM item code"


def of_fields(error: ValidationError, known_fields: Collection[str]) -> list[str]:
    """Return one line for each field that breaks the model's types and limits.

    Args:
        error: what pydantic found.
        known_fields: the names of all fields of the model, to guess what a wrong one was meant to be.
    """
    return [_describe(detail, known_fields) for detail in error.errors(include_url=False)]


def _describe(detail: ErrorDetails, known_fields: Collection[str]) -> str:
    place = ".".join(str(part) for part in detail["loc"] if part != "[key]") or "(the whole file)"
    field = str(detail["loc"][-1]) if detail["loc"] else ""
    return f"{place}: {_explain(detail, field, known_fields)}"


def _explain(detail: ErrorDetails, field: str, known_fields: Collection[str]) -> str:
    value = detail["input"]
    match detail["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            return f"is no field here (value {value!r}); {_correct_name(field, known_fields)}"
        case "string_pattern_mismatch":
            hint = _ITEM_PATTERN_HINT if detail["loc"][:2] == ("table", "report") else _PATTERN_HINTS.get(field)
            return f"{value!r} does not fit; {hint or detail['msg']}"
        case "string_type" | "date_type":
            return f'{shortened(_in_yaml(value))} is no text; write it in quotes: "{_in_yaml(value)}"'
        case "model_type" | "dict_type" | "list_type":
            return f"{shortened(repr(value))} does not fit; see docs/pipelines.md for what belongs here"
        case "literal_error":
            return f"{value!r} is not allowed; use {detail['ctx']['expected']}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return f"{shortened(repr(value))} does not fit; {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _in_yaml(value: object) -> str:
    """Return a value as it may stand in the file, without quotes that Python puts around text."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _correct_name(field: str, known_fields: Collection[str]) -> str:
    close = difflib.get_close_matches(field, known_fields, n=1)
    return f"did you mean '{close[0]}'?" if close else "remove it"


def between_fields(pipeline: Pipeline) -> list[str]:
    """Return one line for each contradiction between fields that are right in themselves."""
    references = _reference_problems(pipeline)
    order = [] if references else _order_problems(pipeline)
    return [
        *_bucket_problems(pipeline),
        *_schedule_problems(pipeline),
        *csv_problems.of_source(pipeline),
        *column_problems.of_table(pipeline.table),
        *job_problems.of_jobs(pipeline),
        *references,
        *order,
    ]


def between_pipelines(pipelines: Sequence[Pipeline]) -> list[str]:
    """Return one line for each name or prefix that two pipelines claim: one would be deployed over the other."""
    owners: dict[tuple[str, str], str] = {}
    problems = []
    for pipeline in pipelines:
        names = [("table", pipeline.table.name)]
        names += [("job", job) for job in pipeline.jobs] + [("Glue trigger", name) for name in pipeline.triggers]
        for kind, name in names:
            owner = owners.setdefault((kind, name), pipeline.pipeline)
            if owner != pipeline.pipeline:
                problems.append(f"pipelines {owner} and {pipeline.pipeline} both have the {kind} '{name}'; rename one")
    return problems + _overlap_problems(pipelines)


def _overlap_problems(pipelines: Sequence[Pipeline]) -> list[str]:
    return [
        f"pipelines {one.pipeline} and {other.pipeline}: source.prefix '{one.source.prefix}' and "
        f"'{other.source.prefix}' overlap in bucket '{one.source.bucket}', and S3 announces an object to one pipeline "
        "only; give each its own prefix"
        for one, other in itertools.combinations(pipelines, 2)
        if one.source.bucket == other.source.bucket and _overlap(one.source.prefix, other.source.prefix)
    ]


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _bucket_problems(pipeline: Pipeline) -> list[str]:
    bucket = pipeline.source.bucket
    return [f"source.bucket: '{bucket}' is a bucket of the hub itself; choose another name"] * (bucket in _OWN_BUCKETS)


def _schedule_problems(pipeline: Pipeline) -> list[str]:
    if pipeline.orchestrator == "airflow":
        try:
            to_airflow_cron(pipeline.source.catch_up)
        except DataHubError as error:
            return [str(error)]
    return []


def _reference_problems(pipeline: Pipeline) -> list[str]:
    problems = []
    known = ", ".join(pipeline.jobs)
    for name, trigger in pipeline.triggers.items():
        watched = [condition.job for condition in trigger.predicate.conditions] if trigger.predicate else []
        started = [action.job for action in trigger.actions]
        problems += [
            f"triggers.{name}: job '{job}' is not under jobs; use one of: {known}"
            for job in (*watched, *started)
            if job not in pipeline.jobs
        ]
        # https://github.com/hashicorp/terraform-provider-aws/issues/39571
        problems += [
            f"triggers.{name}: job '{job}' stands in both predicate and actions; Glue refuses that, take it out of one"
            for job in watched
            if job in started
        ]
    return problems


def _order_problems(pipeline: Pipeline) -> list[str]:
    starting = [name for name, trigger in pipeline.triggers.items() if trigger.type == "ON_DEMAND"]
    if len(starting) != 1:
        # https://docs.aws.amazon.com/glue/latest/dg/workflows_overview.html: one start trigger in a workflow
        found = f" ({', '.join(starting)})" if starting else ""
        return [f"triggers: {len(starting)} ON_DEMAND Glue triggers{found}; a workflow needs exactly one"]
    starts = Counter(action.job for trigger in pipeline.triggers.values() for action in trigger.actions)
    upstream = graph.upstream_jobs(pipeline)
    started = set(graph.start_jobs(pipeline))
    problems = [
        f"jobs.{job}: no Glue trigger starts it; add one or remove the job"
        for job in pipeline.jobs
        if job not in started and not upstream[job]
    ]
    problems += [
        # Glue would run the job once for each of them, a DAG's task once when all of them fired.
        f"triggers: {count} actions start job '{job}'; keep one"
        for job, count in starts.items()
        if count > 1
    ]
    try:
        TopologicalSorter(upstream).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        problems.append(f"triggers: jobs wait for each other in a circle ({circle}); take one condition out")
    return problems
