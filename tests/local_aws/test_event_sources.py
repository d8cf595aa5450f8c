"""Messages of a queue reach a Lambda function in batches, and stay until it has taken them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lambda_functions
import pytest

from local_aws.event_sources import failed_messages
from local_aws.lambda_runner import Answer
from local_aws.process import LocalAws

# A second of a timeout lasts a fiftieth of one.
MINUTE_SECONDS = 1.2
SECONDS = 20.0

# Notes its event and answers what the object "answer" says.
SOURCE = """
import json, uuid, boto3

def handler(event, context):
    s3, bucket = boto3.client("s3"), context.function_name
    s3.put_object(Bucket=bucket, Key=f"event/{uuid.uuid4()}", Body=json.dumps(event))
    answer = json.loads(s3.get_object(Bucket=bucket, Key="answer")["Body"].read())
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    if answer == "fail":
        raise RuntimeError("refused")
    return {"batchItemFailures": [{"itemIdentifier": id} for id, body in bodies.items() if body in answer]}
"""


@pytest.fixture(scope="module")
def quick_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws.start(tmp_path_factory.mktemp("aws"), minute_seconds=MINUTE_SECONDS) as aws:
        yield aws


@dataclass(frozen=True)
class Trial:
    """A queue, a function, a mapping between them and a queue for dead letters."""

    aws: LocalAws
    function: str
    queue: str
    dead_letters: str
    mapping: str

    @classmethod
    def make(cls, aws: LocalAws, max_receive_count: int = 100, **options: Any) -> "Trial":
        function = lambda_functions.create(aws, SOURCE, Timeout=30)
        aws.client("s3").create_bucket(Bucket=function)
        sqs: Any = aws.client("sqs")  # type: ignore[call-overload]
        dead = sqs.create_queue(QueueName=f"{function}-dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": arn_of(aws, dead), "maxReceiveCount": max_receive_count}
        attributes = {"VisibilityTimeout": "60", "RedrivePolicy": json.dumps(redrive)}
        queue = sqs.create_queue(QueueName=function, Attributes=attributes)["QueueUrl"]
        mapping = aws.client("lambda").create_event_source_mapping(  # type: ignore[call-overload]
            FunctionName=function,
            EventSourceArn=arn_of(aws, queue),
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **{"BatchSize": 10, **options},
        )
        trial = cls(aws, function, queue, dead, mapping["UUID"])
        trial.answer([])
        return trial

    def answer(self, answer: Any) -> None:
        """Say what the function does: ``fail``, or the bodies that it hands back."""
        self.aws.client("s3").put_object(Bucket=self.function, Key="answer", Body=json.dumps(answer).encode())

    def send(self, *bodies: str) -> None:
        sqs: Any = self.aws.client("sqs")  # type: ignore[call-overload]
        for body in bodies:
            sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def send_at_once(self, *bodies: str) -> None:
        """Send messages that are seen together."""
        self.enable(False)
        self.send(*bodies)
        self.enable(True)

    def enable(self, enabled: bool) -> None:
        aws_lambda: Any = self.aws.client("lambda")  # type: ignore[call-overload]
        aws_lambda.update_event_source_mapping(UUID=self.mapping, Enabled=enabled)

    def events(self) -> list[dict[str, Any]]:
        s3 = self.aws.client("s3")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=self.function, Prefix="event/").get("Contents", [])]
        return [json.loads(s3.get_object(Bucket=self.function, Key=key)["Body"].read()) for key in keys]

    def batches(self) -> list[list[str]]:
        """Return the bodies of each batch."""
        return sorted(sorted(record["body"] for record in event["Records"]) for event in self.events())

    def messages(self, queue: str) -> int:
        sqs: Any = self.aws.client("sqs")  # type: ignore[call-overload]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def await_empty(self) -> None:
        eventually(lambda: self.messages(self.queue) == 0)


def arn_of(aws: LocalAws, queue: str) -> str:
    sqs: Any = aws.client("sqs")  # type: ignore[call-overload]
    return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_message_reaches_the_function_as_aws_shapes_it_and_is_deleted(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws)
    trial.send("hello")
    trial.await_empty()
    [event] = trial.events()
    [record] = event["Records"]
    assert record["body"] == "hello"
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == arn_of(quick_aws, trial.queue)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_messages_of_one_window_come_in_one_batch(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws, MaximumBatchingWindowInSeconds=100)
    trial.send("a", "b", "c")
    trial.await_empty()
    assert trial.batches() == [["a", "b", "c"]]


def test_a_full_batch_does_not_wait_for_the_window(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws, MaximumBatchingWindowInSeconds=300, BatchSize=2)
    trial.send_at_once("a", "b", "c")
    eventually(lambda: trial.events())
    # The third message waits for the rest of the window.
    assert trial.batches() == [["a", "b"]]


def test_what_the_function_hands_back_comes_again_and_the_rest_does_not(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws)
    trial.answer(["b"])
    trial.send_at_once("a", "b")
    eventually(lambda: len(trial.events()) >= 2)
    trial.answer([])
    trial.await_empty()
    assert trial.batches()[:2] == [["a", "b"], ["b"]]


def test_a_batch_comes_again_when_the_function_fails(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws)
    trial.answer("fail")
    trial.send_at_once("a", "b")
    eventually(lambda: len(trial.events()) == 1)
    trial.answer([])
    trial.await_empty()
    assert ["a", "b"] in trial.batches()
    assert len(trial.batches()) > 1


def test_a_message_that_is_received_too_often_becomes_a_dead_letter(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws, max_receive_count=2)
    trial.answer("fail")
    trial.send("bad")
    eventually(lambda: trial.messages(trial.dead_letters) == 1)
    assert trial.batches() == [["bad"], ["bad"]]
    assert trial.messages(trial.queue) == 0


def test_a_disabled_mapping_leaves_the_messages_until_it_is_enabled(quick_aws: LocalAws) -> None:
    trial, other = Trial.make(quick_aws), Trial.make(quick_aws)
    trial.enable(False)
    trial.send("a")
    other.send("the poller was here")
    other.await_empty()
    assert trial.batches() == []
    trial.enable(True)
    trial.await_empty()
    assert trial.batches() == [["a"]]


def test_objects_below_the_prefix_are_announced_by_their_encoded_keys(quick_aws: LocalAws) -> None:
    trial = Trial.make(quick_aws, MaximumBatchingWindowInSeconds=100)
    trial.enable(False)
    s3, bucket = quick_aws.client("s3"), f"raw-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    notification = {
        "QueueArn": arn_of(quick_aws, trial.queue),
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "collections-data/"}]}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [notification]},  # type: ignore[typeddict-item]
    )
    for key in ("collections-data/a b+ü.csv", "collections-data-old/b.csv", "other/collections-data/c.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    trial.enable(True)
    trial.await_empty()
    [event] = trial.events()
    test, arrival = sorted((json.loads(record["body"]) for record in event["Records"]), key=len, reverse=True)
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", bucket)
    [record] = arrival["Records"]
    assert record["s3"]["bucket"]["name"] == bucket
    assert record["s3"]["object"]["key"].replace("%2F", "/") == "collections-data/a+b%2B%C3%BC.csv"


@pytest.mark.parametrize(
    ("response", "failed"),
    [
        (None, ""),
        ({}, ""),
        ({"batchItemFailures": None}, ""),
        ({"batchItemFailures": []}, ""),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, "a"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, "ab"),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, "ab"),
        ({"batchItemFailures": [{"messageId": "a"}]}, "ab"),
        ({"batchItemFailures": [{"itemIdentifier": "other"}]}, "ab"),
        (["a"], "ab"),
    ],
)
def test_answers_that_say_what_failed(response: Any, failed: str) -> None:
    answer = Answer(json.dumps(response), errored=False)
    assert failed_messages(answer, "ab", ["ReportBatchItemFailures"]) == set(failed)


def test_the_answer_counts_for_nothing_when_the_mapping_does_not_ask_for_it() -> None:
    answer = Answer('{"batchItemFailures": [{"itemIdentifier": "a"}]}', errored=False)
    assert failed_messages(answer, "ab", []) == set()
    assert failed_messages(Answer("{}", errored=True), "ab", []) == {"a", "b"}
