"""Lambda functions that are called on the local AWS run, in a process of their own."""

import json
import time
from pathlib import Path
from typing import Any

import lambda_functions
import psutil
import pytest

from local_aws.process import LocalAws

GONE_SECONDS = 10.0


def call(aws: LocalAws, name: str, event: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
    aws_lambda: Any = aws.client("lambda")  # type: ignore[call-overload]
    response = aws_lambda.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
    payload = response["Payload"].read()
    return json.loads(payload) if payload else None, response


def log_of(aws: LocalAws, name: str) -> str:
    logs = aws.client("logs")
    group = f"/aws/lambda/{name}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]
    return "\n".join(events)


def test_a_function_gets_its_event_and_a_context_and_answers(aws: LocalAws) -> None:
    name = lambda_functions.create(
        aws,
        "def handler(event, context):\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    return [event, context.function_name, 0 < left <= 20_000, len(context.aws_request_id)]\n",
        Timeout=20,
    )
    answer, response = call(aws, name, {"key": "value"})
    assert answer == [{"key": "value"}, name, True, 36]
    assert "FunctionError" not in response


def test_a_function_sees_its_own_variables_and_its_role_and_none_of_the_servers(aws: LocalAws) -> None:
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    name = lambda_functions.create(aws, source, Environment={"Variables": {"PIPELINES": "s3://scripts/p.json"}})
    environment, _ = call(aws, name)
    assert environment["PIPELINES"] == "s3://scripts/p.json"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert environment["AWS_ACCESS_KEY_ID"] == f"role-of-{name}"
    assert environment["PYTHONPATH"] == environment["LAMBDA_TASK_ROOT"]
    assert not Path(environment["LAMBDA_TASK_ROOT"]).exists(), "the code is left on the disk"


def test_what_a_function_prints_is_in_its_log_group(aws: LocalAws) -> None:
    source = (
        "import sys\ndef handler(event, context):\n    print('to output')\n    print('to error', file=sys.stderr)\n"
    )
    name = lambda_functions.create(aws, source)
    call(aws, name)
    log = log_of(aws, name)
    assert "to output\nto error" in log
    assert log.startswith("START RequestId: ")
    assert "REPORT RequestId: " in log


def test_an_exception_is_the_answer_as_aws_describes_it(aws: LocalAws) -> None:
    name = lambda_functions.create(aws, "def handler(event, context):\n    raise ValueError('no such pipeline')\n")
    answer, response = call(aws, name)
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "no such pipeline")
    assert "in handler" in answer["stackTrace"][0]
    assert "[ERROR] ValueError: no such pipeline" in log_of(aws, name)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import no_such_module\n", "ModuleNotFoundError"),
        ("def other(event, context): ...\n", "AttributeError"),
        ("def handler(event, context):\n    return object()\n", "TypeError"),
        ("import os\ndef handler(event, context):\n    os._exit(1)\n", "Runtime.ExitError"),
        ("import time\ndef handler(event, context):\n    time.sleep(60)\n", "Sandbox.Timedout"),
    ],
)
def test_whatever_ends_a_function_is_an_error(aws: LocalAws, source: str, kind: str) -> None:
    timeout = 2 if kind == "Sandbox.Timedout" else 30
    answer, response = call(aws, lambda_functions.create(aws, source, Timeout=timeout))
    assert (response["FunctionError"], answer["errorType"]) == ("Unhandled", kind)


def test_a_call_of_type_event_does_not_wait(aws: LocalAws) -> None:
    source = (
        "import boto3\ndef handler(event, context):\n    boto3.client('sqs').create_queue(QueueName=event['queue'])\n"
    )
    name = lambda_functions.create(aws, source, Timeout=20)
    answer, response = call(aws, name, {"queue": name}, InvocationType="Event")
    assert (answer, response["StatusCode"]) == (None, 202)
    sqs: Any = aws.client("sqs")  # type: ignore[call-overload]
    deadline = time.monotonic() + 20
    while "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_server_leaves_no_function_behind(tmp_path: Path) -> None:
    with LocalAws.start(tmp_path / "aws") as aws:
        name = lambda_functions.create(
            aws, "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=90
        )
        call(aws, name, InvocationType="Event")
        child = _child_of(name)
        assert aws._server is not None
        aws._server.kill()
        child.wait(GONE_SECONDS)


def _child_of(function: str) -> psutil.Process:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get("AWS_LAMBDA_FUNCTION_NAME") == function:
                return process
        time.sleep(0.05)
    raise AssertionError("the function does not run")
