"""From an arrival to the workflow, on what ``deploy`` puts on the local AWS."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, ROOT, row_v1

from local_aws import deploy_arrivals
from local_aws.deploy import deploy
from local_aws.process import LocalAws

COLLECTIONS = ROOT / "dags" / "pipelines" / "collections.yaml"
KEY = "collections-data/ingest_ts=1/a.csv"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws.start(tmp_path / "aws") as started:
        yield started


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


def workflow_runs(aws: LocalAws) -> list[Any]:
    return list(aws.client("glue").get_workflow_runs(Name="collections")["Runs"])


def waiting(aws: LocalAws) -> int:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=deploy_arrivals.queue_name("collections"))["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def drained(aws: LocalAws) -> Callable[[], bool]:
    return lambda: not waiting(aws) and all(run["Status"] == "COMPLETED" for run in workflow_runs(aws))


def put(aws: LocalAws, key: str = KEY) -> None:
    aws.client("s3").put_object(Bucket="raw", Key=key, Body=HEADER_V1 + row_v1())


@pytest.mark.slow
def test_arrivals_wait_for_glue_to_react_and_go_through_to_the_views(aws: LocalAws) -> None:
    deploy(aws, [COLLECTIONS])
    put(aws)
    put(aws, "collections-data/ingest_ts=1/no.txt")
    put(aws, "else/where.csv")
    before = waiting(aws)
    deploy(aws, [COLLECTIONS], orchestrator="glue")
    assert (before, workflow_runs(aws)) == (2 + 1, []), "of the prefix, and S3's test event"
    wait_for(lambda: workflow_runs(aws) and drained(aws)())
    (run,) = workflow_runs(aws)
    assert (run["Statistics"]["TotalActions"], run["Statistics"]["SucceededActions"]) == (2, 2)
    assert run["WorkflowRunProperties"]["first_object"] == f"s3://raw/{KEY}"
    put(aws, KEY)
    wait_for(lambda: len(workflow_runs(aws)) == 2 and drained(aws)())
    deploy(aws, [COLLECTIONS], orchestrator="airflow")
    (mapping,) = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["State"] == "Disabled", "that nothing happens at once would be no proof"
    put(aws, KEY)
    assert len(workflow_runs(aws)) == 2
    assert waiting(aws) >= 1


def test_what_cannot_be_started_becomes_a_dead_letter_at_last(aws: LocalAws) -> None:
    deploy(aws, [COLLECTIONS])
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="data-hub-collections-arrivals")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(":data-hub-collections-dead-letters")
    assert redrive["maxReceiveCount"] * int(attributes["VisibilityTimeout"]) > 3600
    (mapping,) = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["State"], mapping["FunctionResponseTypes"]) == ("Disabled", ["ReportBatchItemFailures"])
