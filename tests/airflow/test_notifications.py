import email
import http.server
import json
import logging
import sys
import threading
import uuid
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from task_context import RecordingTaskInstance, context_of

from data_hub.airflow import notifications
from data_hub.airflow.failures import KnownFailure
from data_hub.airflow.notifications import notify_run_failure, notify_task_failure
from local_aws.process import LocalAws

ERROR = "Run jr_1 of Glue job ingestion ended FAILED: column <aod> is {{ missing }}"


def failure(error: Exception | None = None) -> Any:
    """Return the context of an ingestion task that failed."""
    instance = RecordingTaskInstance("ingestion")
    instance.xcom_push("glue_job_run_id", "jr_1")
    link = {"region_name": "eu-west-1", "aws_domain": "aws.amazon.com", "job_name": "ingestion", "job_run_id": "jr_1"}
    instance.xcom_push("glue_job_run_details", link)
    instance.log_url = "http://127.0.0.1:8080/dags/test/runs/manual__test/tasks/ingestion"  # type: ignore[attr-defined]
    return {**context_of(instance), "exception": error or AirflowFailException(ERROR)}


class Topic:
    """An SNS topic with a queue that gets what is published."""

    def __init__(self, aws: LocalAws) -> None:
        self._sqs, sns, name = aws.client("sqs"), aws.client("sns"), f"alarm-{uuid.uuid4().hex[:8]}"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = sns.create_topic(Name=name)["TopicArn"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"])

    def published(self) -> list[dict[str, str]]:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def topic(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic that the connection data_hub_sns names."""
    made = Topic(aws)
    connection = {"conn_type": "aws", "extra": {"target_arn": made.arn}}
    monkeypatch.setenv("AIRFLOW_CONN_DATA_HUB_SNS", json.dumps(connection))
    return made


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a Slack webhook of this test gets."""
    posted = []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = {"conn_type": "slackwebhook", "password": f"http://127.0.0.1:{server.server_port}/T0/B0/x"}
        monkeypatch.setenv("AIRFLOW_CONN_DATA_HUB_SLACK", json.dumps(connection))
        yield posted
        server.shutdown()


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    """What an SMTP server of this test gets."""
    received: list[Message] = []

    class Inbox(MessageHandler):
        def handle_message(self, message: Message) -> None:
            received.append(message)

    # Port 0 is not usable: the controller connects to the port that it was given.
    controller = Controller(Inbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    extra = {"to": "ops@example.com", "from_email": "hub@example.com", "disable_ssl": True, "disable_tls": True}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": controller.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_DATA_HUB_EMAIL", json.dumps(connection))
    yield received
    controller.stop()


def free_port() -> int:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return int(server.server_port)


def test_sns_gets_pipeline_task_job_run_error_and_links(topic: Topic) -> None:
    notify_task_failure(failure())
    (message,) = topic.published()
    assert message["Subject"] == "test: ingestion failed"
    assert message["Message"].splitlines() == [
        "pipeline: test",
        "task: ingestion",
        "DAG run: manual__test",
        "Glue job run: jr_1",
        f"error: {ERROR}",
        "log: http://127.0.0.1:8080/dags/test/runs/manual__test/tasks/ingestion",
        "Glue: https://console.aws.amazon.com/gluestudio/home?region=eu-west-1#/job/ingestion/run/jr_1",
    ]


def test_slack_gets_the_same_with_its_own_signs_escaped(slack: list[dict[str, Any]]) -> None:
    notify_task_failure(failure())
    (posted,) = slack
    assert "error: Run jr_1 of Glue job ingestion ended FAILED: column &lt;aod&gt; is {{ missing }}" in posted["text"]


def test_a_mail_goes_to_the_addresses_of_the_connection(mails: list[Message]) -> None:
    notify_task_failure(failure())
    (mail,) = mails
    assert (mail["To"], mail["From"], mail["Subject"]) == (
        "ops@example.com",
        "hub@example.com",
        "test: ingestion failed",
    )
    (part,) = email.message_from_string(str(mail)).get_payload()
    text = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert text.startswith("<pre>pipeline: test\n")
    assert "column &lt;aod&gt; is {{ missing }}" in text


def test_without_a_connection_nobody_is_told(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_DATA_HUB_SNS")
    notify_task_failure(failure())
    assert topic.published() == []


def test_a_notifier_that_fails_does_not_stop_the_others(
    slack: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, aws: LocalAws
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DATA_HUB_SNS", json.dumps({"conn_type": "aws"}))
    notify_task_failure(failure())
    assert len(slack) == 1
    assert "Nobody was notified through connection data_hub_sns" in caplog.text
    assert "connection data_hub_sns lacks target_arn in its extra" in caplog.text


def test_a_provider_that_is_missing_is_named(
    slack: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.slack.notifications.slack_webhook", None)
    notify_task_failure(failure())
    assert slack == []
    assert "Connection data_hub_slack is not used: install apache-airflow-providers-slack" in caplog.text


def test_what_was_told_before_is_not_told_again(topic: Topic, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, notifications.__name__)
    notify_task_failure(failure(KnownFailure("a rejected file of last week")))
    assert topic.published() == []
    assert "this was told before" in caplog.text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("timed_out", "the DAG run took longer than its dagrun_timeout"),
        ("all_tasks_deadlocked", "no task of the DAG run can start any more"),
        ("something new", "something new"),
    ],
)
def test_a_dag_run_that_fails_by_itself_is_told(topic: Topic, reason: str, text: str) -> None:
    notify_run_failure({"dag": DAG("test"), "run_id": "scheduled__1", "reason": reason})  # type: ignore[typeddict-item]
    (message,) = topic.published()
    assert message["Subject"] == "test: DAG run failed"
    assert f"error: {text}" in message["Message"]


def run_failure(context: Any) -> Any:
    """Return the context of the DAG run in which the task of another context failed."""
    context["ti"].get_task_states = lambda dag_id, run_ids: {run_ids[0]: {"ingestion": "failed", "views": "skipped"}}
    return {"dag": DAG("test"), "run_id": "r", "reason": "task_failure", "ti": context["ti"]}


def test_of_a_dag_run_that_failed_with_a_task_the_task_alone_tells(topic: Topic) -> None:
    context = failure()
    notify_task_failure(context)
    notify_run_failure(run_failure(context))
    assert [message["Subject"] for message in topic.published()] == ["test: ingestion failed"]


def test_for_a_task_that_was_killed_the_dag_run_tells(topic: Topic) -> None:
    context = failure()
    del context["exception"]
    notify_task_failure(context)
    notify_run_failure(run_failure(context))
    (message,) = topic.published()
    assert "task: ingestion\nDAG run: r\nerror: its process was killed" in message["Message"]
