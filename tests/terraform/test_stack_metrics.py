"""The dashboard and the alarms look at metrics that exist."""

import json
import re
from fnmatch import fnmatch
from typing import Any

import pytest
from collections_pipeline import row_v1
from stack import INGESTION, PIPELINE, VIEWS, Stack, eventually

NAMESPACE = "SimpleDataHub"
BACKLOG_LAMBDA = "publish-backlog-lambda"

Metric = tuple[str, str, frozenset[tuple[str, str]]]


@pytest.fixture
def emitted(stack: Stack) -> set[Metric]:
    """What a run and a look at the backlog emitted: namespace, name and dimensions."""
    stack.await_ingested(stack.put("metrics.csv", [row_v1("METRIC01"), b"no,row\n"]))
    answer = stack.client("lambda").invoke(FunctionName=BACKLOG_LAMBDA, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    groups = ("/data-hub/jobs/output", f"/aws/lambda/{BACKLOG_LAMBDA}")
    return {metric for line in stack.embedded_metrics(*groups) for metric in metrics_of(line)} | job_states(stack)


def metrics_of(line: dict[str, Any]) -> set[Metric]:
    return {
        (directive["Namespace"], metric["Name"], frozenset((name, line[name]) for name in dimensions))
        for directive in line["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
        if isinstance(line[metric["Name"]], int | float)
    }


def job_states(stack: Stack) -> set[Metric]:
    """Read the events as the metric filter of their log group does.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    group = "/aws/events/data-hub-job-states"
    (found,) = stack.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"]
    (transformation,) = found["metricTransformations"]
    events = [json.loads(line) for line in eventually(lambda: stack.log_lines(group), "job state events")]
    conditions = re.findall(r'\(([^ ]+) = "([^"]*)"\)', found["filterPattern"])
    assert len(conditions) == found["filterPattern"].count("=")
    events = [event for event in events if all(fnmatch(value_at(event, path), text) for path, text in conditions)]
    return {
        (
            transformation["metricNamespace"],
            transformation["metricName"],
            frozenset((name, value_at(event, path)) for name, path in transformation["dimensions"].items()),
        )
        for event in events
    }


def value_at(event: dict[str, Any], path: str) -> str:
    for part in path.removeprefix("$.").split("."):
        event = event[part]
    return str(event)


def widget_metrics(stack: Stack) -> set[Metric]:
    body = stack.client("cloudwatch").get_dashboard(DashboardName=stack.outputs["dashboard_name"])["DashboardBody"]
    found = set()
    for widget in json.loads(body)["widgets"]:
        previous: list[str] = []
        for row in widget.get("properties", {}).get("metrics", []):
            words = [word for word in row if isinstance(word, str)]
            # "." stands for the value above it, see CloudWatch's dashboard body structure.
            words = [previous[place] if word == "." else word for place, word in enumerate(words)]
            previous = words
            if words:
                found.add((words[0], words[1], frozenset(zip(words[2::2], words[3::2], strict=True))))
    return found


def alarm_metrics(stack: Stack) -> set[Metric]:
    return {
        (alarm["Namespace"], alarm["MetricName"], frozenset((d["Name"], d["Value"]) for d in alarm["Dimensions"]))
        for alarm in stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if "MetricName" in alarm
    }


def test_every_metric_of_the_hub_was_emitted_by_a_run(stack: Stack, emitted: set[Metric]) -> None:
    looked_at = {metric for metric in widget_metrics(stack) | alarm_metrics(stack) if metric[0] == NAMESPACE}
    # States that no run of this test reached: only the state differs from those that were seen.
    seen = emitted | {of_state(metric, state) for metric in emitted for state in ("FAILED", "TIMEOUT", "STOPPED")}
    assert looked_at - seen == set()
    assert {name for _, name, _ in looked_at} == {
        "FilesIngested",
        "FilesRejected",
        "RowsIn",
        "RowsRejected",
        "FilesAwaitingCorrection",
        "FilesRemaining",
        "RunSeconds",
        "BacklogFiles",
        "OldestArrivalSeconds",
        "ErroredActions",
        "JobRuns",
    }


def of_state(metric: Metric, state: str) -> Metric:
    namespace, name, dimensions = metric
    return namespace, name, frozenset((key, state if key == "State" else value) for key, value in dimensions)


def test_every_metric_of_aws_is_about_something_that_exists(stack: Stack) -> None:
    existing = {
        "QueueName": {url.rpartition("/")[2] for url in stack.client("sqs").list_queues()["QueueUrls"]},
        "FunctionName": {found["FunctionName"] for found in stack.client("lambda").list_functions()["Functions"]},
    }
    others = {metric for metric in widget_metrics(stack) | alarm_metrics(stack) if metric[0] != NAMESPACE}
    assert {namespace for namespace, _, _ in others} == {"AWS/SQS", "AWS/Lambda"}
    assert [metric for metric in others if not all(value in existing[name] for name, value in metric[2])] == []


def test_the_figures_are_those_of_the_run(stack: Stack, emitted: set[Metric]) -> None:
    lines = list(stack.embedded_metrics("/data-hub/jobs/output"))
    ingestion = [line for line in lines if line.get("FilesRejected")][-1]
    assert (ingestion["Pipeline"], ingestion["FilesIngested"], ingestion["FilesRejected"]) == (PIPELINE, 0, 1)
    assert {line["Job"] for line in lines if "RunSeconds" in line} == {INGESTION, VIEWS}
    assert [line["FilesAwaitingCorrection"] for line in lines if "FilesAwaitingCorrection" in line][-1] >= 1
