"""Notifications that Airflow sends through SNS, read from a queue that is subscribed to the topic."""

from dataclasses import dataclass
from typing import Any

from hub_up import HubUp

from hub_cli.airflow_api import Refused
from local_aws.process import LocalAws

_CONNECTION = "data_hub_sns"
_TOPIC = "alarms"


@dataclass(frozen=True)
class Alarms:
    """A subscription of a test's own.

    Attributes:
        aws: the local AWS.
        queue: URL of its queue.
        subscription: what ends with the test.
    """

    aws: LocalAws
    queue: str
    subscription: str

    @classmethod
    def subscribe(cls, up: HubUp) -> "Alarms":
        """Make the topic and Airflow's connection, if they are not there, and a queue."""
        sns: Any = up.aws.client("sns")  # type: ignore[call-overload]
        sqs: Any = up.aws.client("sqs")  # type: ignore[call-overload]
        topic = sns.create_topic(Name=_TOPIC)["TopicArn"]
        _connect(up, topic)
        queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
        alarms = cls(up.aws, queue, subscription)
        alarms.read()
        return alarms

    def read(self) -> list[str]:
        """Return the messages that came since the last call."""
        sqs: Any = self.aws.client("sqs")  # type: ignore[call-overload]
        texts = []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                texts.append(message["Body"])
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return texts


def _connect(up: HubUp, topic: str) -> None:
    try:
        up.api.get(f"connections/{_CONNECTION}")
    except Refused as error:
        if error.status != 404:
            raise
        up.api.post(
            "connections",
            {"connection_id": _CONNECTION, "conn_type": "aws", "extra": f'{{"target_arn": "{topic}"}}'},
        )
