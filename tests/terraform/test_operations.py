"""Every AWS CLI command of docs/operations.md, run against what Terraform made; what it is for has to happen.

The tests run in this order and leave the stack as they found it.
"""

import fcntl
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from collections_pipeline import ROOT, row_v1
from stack import INGESTION, LAMBDA, PIPELINE, VIEWS, Stack, eventually

PAGE = ROOT / "docs" / "operations.md"
AWS = ROOT / ".venv-aws-cli" / "bin" / "aws"
VIEWS_TRIGGER = "dual-engine-views-trigger"
OUTPUT = "/data-hub/jobs/output"
LAMBDA_LOG = f"/aws/lambda/{LAMBDA}"

# What only version 2 of the AWS CLI knows; the package index has version 1.
OF_VERSION_2 = re.compile(r" --cli-binary-format raw-in-base64-out")
TAIL = re.compile(r"aws logs tail (\S+)( --since \w+)?( --follow)?$")

run_of_this_module: set[str] = set()


def documented() -> set[str]:
    """Return the page's commands, each in one line."""
    found = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = "".join(found).replace("\\\n", " ").splitlines()
    return {" ".join(line.split()) for line in lines if line.startswith("aws ")}


class Cli:
    """The AWS CLI as a reader of the page types it.

    Args:
        stack: where to.
        directory: the working directory.
    """

    def __init__(self, stack: Stack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        pipeline = stack.outputs["pipelines"][PIPELINE]
        # What the page tells to replace.
        self.names = {
            "your-bucket-name": pipeline["bucket"],
            "your-queue-url": pipeline["queue_url"],
            "your-dead-letter-queue-url": pipeline["dead_letter_queue_url"],
        }

    def __call__(self, command: str) -> dict[str, Any]:
        """Run a command of the page and return its answer."""
        ended = self.try_out(command)
        assert ended.returncode == 0, f"{command}\n{ended.stderr}"
        return dict(json.loads(ended.stdout or "{}"))

    def try_out(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the page, however it ends."""
        assert command in documented()
        run_of_this_module.add(command)
        return self.run(_for_version_1(command))

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run any command."""
        words = [self._replaced(word) for word in shlex.split(command)[1:]]
        # Of SQS version 1 does not ask AWS_ENDPOINT_URL.
        words += ["--endpoint-url", self._stack.aws.endpoint]
        environment = self._stack.environment | {"AWS_PAGER": "", "PATH": "/usr/bin:/bin", "HOME": str(self._directory)}
        return subprocess.run(
            [AWS, *words], cwd=self._directory, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def response(self) -> Any:
        """Return what aws lambda invoke has written."""
        return json.loads((self._directory / "response.json").read_text(encoding="utf-8"))

    def _replaced(self, word: str) -> str:
        for name, value in self.names.items():
            # The arrivals' name is the end of the dead letters'.
            word = re.sub(rf"(?<![\w-]){name}(?![\w-])", value, word)
        return word


def _for_version_1(command: str) -> str:
    command = OF_VERSION_2.sub("", command)
    return TAIL.sub(r"aws logs filter-log-events --log-group-name \1", command)


@pytest.fixture(scope="module")
def installed() -> None:
    """Have the AWS CLI in its own environment, with one process installing it."""
    lock = ROOT / ".hub" / "aws-cli.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.run([ROOT / "requirements" / "install", "aws-cli"], check=True)


@pytest.fixture
def cli(stack: Stack, installed: None, tmp_path: Path) -> Cli:
    return Cli(stack, tmp_path)


class NewRuns:
    """The job runs that began since the last look.

    Args:
        stack: where to look.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._seen: set[str] = set()
        self()

    def __call__(self) -> list[tuple[str, str, str | None]]:
        """Wait until nothing runs; return job, state and Glue trigger of each new run."""
        self._stack.await_idle()
        runs = [run for job in (INGESTION, VIEWS) for run in self._ended(job) if run["Id"] not in self._seen]
        self._seen.update(run["Id"] for run in runs)
        return [(run["JobName"], run["JobRunState"], run.get("TriggerName")) for run in runs]

    def _ended(self, job: str) -> list[dict[str, Any]]:
        def ended() -> list[dict[str, Any]] | None:
            runs = self._stack.job_runs(job)
            return runs if all("CompletedOn" in run for run in runs) else None

        # A job without a run has none that could end.
        return eventually(ended, f"{job} to end") if self._stack.job_runs(job) else []


@pytest.fixture
def new_runs(stack: Stack) -> NewRuns:
    return NewRuns(stack)


BY_GLUE = [(INGESTION, "SUCCEEDED", "collections-arrival"), (VIEWS, "SUCCEEDED", VIEWS_TRIGGER)]


def test_the_lambda_answers_to_a_hand_made_event(cli: Cli, stack: Stack, new_runs: NewRuns) -> None:
    cli(
        "aws lambda invoke --function-name trigger-glue-job-lambda --cli-binary-format raw-in-base64-out --payload "
        '\'{"Records":[{"s3":{"bucket":{"name":"test"},"object":{"key":"test.csv"}}}]}\' response.json'
    )
    assert cli.response()["status"] == "ignored"
    assert new_runs() == []
    answer = cli(
        "aws lambda invoke --function-name trigger-glue-job-lambda --cli-binary-format raw-in-base64-out --payload "
        '\'{"Records":[{"s3":{"bucket":{"name":"your-bucket-name"},"object":'
        '{"key":"collections-data/ingest_ts=1770609249/fry9c.csv"}}}]}\' response.json'
    )
    assert "FunctionError" not in answer, cli.response()
    assert cli.response()["status"] == "started"
    # Nothing is in the table yet, so that the views job fails, which is not what this is about.
    assert (INGESTION, "SUCCEEDED", "collections-arrival") in new_runs()


def test_start_workflow_run_runs_the_whole_chain(cli: Cli, stack: Stack, new_runs: NewRuns) -> None:
    stack.await_ingested(stack.put("operations.csv", [row_v1("OPERATE1")]))
    new_runs()
    cli("aws glue start-workflow-run --name collections")
    assert new_runs() == BY_GLUE


def test_a_bare_start_job_run_starts_no_dependents(cli: Cli, stack: Stack, new_runs: NewRuns) -> None:
    cli("aws glue start-job-run --job-name csv-to-iceberg-ingestion --region us-east-1")
    assert new_runs() == [(INGESTION, "SUCCEEDED", None)]
    cli("aws glue start-job-run --job-name create-views-dual-engine --region us-east-1")
    assert new_runs() == [(VIEWS, "SUCCEEDED", None)]


def test_a_run_of_some_files(cli: Cli, stack: Stack) -> None:
    answer = cli(
        "aws glue start-job-run --job-name csv-to-iceberg-ingestion --arguments "
        '\'{"--keys":"[\\"collections-data/ingest_ts=1770609249/fry9c.csv\\"]"}\''
    )
    # The file was never uploaded here: that the run says so shows that the argument reached it.
    run = eventually(lambda: ended(stack, answer["JobRunId"]), "the run's end")
    assert run["JobRunState"] == "FAILED"
    assert "no such object: collections-data/ingest_ts=1770609249/fry9c.csv" in run["ErrorMessage"]


def ended(stack: Stack, run_id: str) -> dict[str, Any] | None:
    run = dict(stack.client("glue").get_job_run(JobName=INGESTION, RunId=run_id)["JobRun"])
    return run if "CompletedOn" in run else None


def test_a_stopped_run(cli: Cli, stack: Stack) -> None:
    def is_stopped() -> bool:
        """Start a run and stop it, unless it ends before that."""
        run_id = stack.client("glue").start_job_run(JobName=INGESTION)["JobRunId"]
        cli.names["your-job-run-id"] = run_id
        cli("aws glue batch-stop-job-run --job-name csv-to-iceberg-ingestion --job-run-ids your-job-run-id")
        state = eventually(lambda: ended(stack, run_id), "the run's end")["JobRunState"]
        assert state in {"STOPPED", "SUCCEEDED"}
        return bool(state == "STOPPED")

    eventually(is_stopped, "a run that was stopped")


def test_a_stopped_glue_trigger_does_not_start_the_views_job(cli: Cli, stack: Stack, new_runs: NewRuns) -> None:
    get = "aws glue get-trigger --name dual-engine-views-trigger"
    assert cli(get)["Trigger"]["State"] == "ACTIVATED"
    cli("aws glue stop-trigger --name dual-engine-views-trigger")
    assert cli(get)["Trigger"]["State"] == "DEACTIVATED"
    stack.client("glue").start_workflow_run(Name=PIPELINE)
    assert new_runs() == BY_GLUE[:1]

    cli("aws glue start-trigger --name dual-engine-views-trigger")
    assert cli(get)["Trigger"]["State"] == "ACTIVATED"
    cli("aws glue start-trigger --name collections-arrival")
    assert new_runs() == BY_GLUE


def test_what_is_going_on(cli: Cli, stack: Stack) -> None:
    triggers = {found["Name"]: found["Type"] for found in cli("aws glue get-triggers")["Triggers"]}
    assert triggers == {"collections-arrival": "ON_DEMAND", VIEWS_TRIGGER: "CONDITIONAL"}
    for job in (INGESTION, VIEWS):
        runs = cli(f"aws glue get-job-runs --job-name {job} --max-results 10")["JobRuns"]
        assert {run["JobName"] for run in runs} == {job}
        assert len(runs) > 1
    (last,) = cli("aws glue get-job-runs --job-name csv-to-iceberg-ingestion --max-results 1")["JobRuns"]
    assert last["Id"] == stack.job_runs()[-1]["Id"]
    runs = cli("aws glue get-workflow-runs --name collections --include-graph")["Runs"]
    assert {run["Name"] for run in runs} == {PIPELINE}
    last_run = cli("aws glue get-workflow --name collections --include-graph")["Workflow"]["LastRun"]
    assert last_run["WorkflowRunId"] == stack.workflow_runs()[-1]["WorkflowRunId"]
    assert last_run["Statistics"]["ErroredActions"] == 0


def test_the_logs(cli: Cli, stack: Stack) -> None:
    told = "Nothing new to ingest"
    assert told in messages(cli(f"aws logs tail {OUTPUT} --since 1h --follow"))
    cli.names["your-job-run-id"] = next(run["Id"] for run in stack.job_runs() if run["JobRunState"] == "SUCCEEDED")
    of_one_run = cli(f"aws logs get-log-events --log-group-name {OUTPUT} --log-stream-name your-job-run-id")
    assert messages(of_one_run)
    for command in (f"aws logs tail {LAMBDA_LOG} --follow", f"aws logs tail {LAMBDA_LOG} --since 12h"):
        assert any('"decision": "ignored"' in message for message in messages(cli(command)))


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"].rstrip() for event in answer["events"]]


def test_what_an_arrival_goes_through(cli: Cli, stack: Stack) -> None:
    notification = cli("aws s3api get-bucket-notification-configuration --bucket your-bucket-name")
    (to_queue,) = notification["QueueConfigurations"]
    assert to_queue["QueueArn"].endswith(":data-hub-collections-arrivals")
    (mapping,) = cli("aws lambda list-event-source-mappings --function-name trigger-glue-job-lambda")[
        "EventSourceMappings"
    ]
    assert (mapping["State"], mapping["EventSourceArn"]) == ("Enabled", to_queue["QueueArn"])
    attributes = cli(
        "aws sqs get-queue-attributes --queue-url your-queue-url --attribute-names ApproximateNumberOfMessages "
        "ApproximateNumberOfMessagesNotVisible"
    )["Attributes"]
    assert attributes == {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}
    for name in ("data-hub-collections-catch-up", "data-hub-backlog"):
        assert cli(f"aws scheduler get-schedule --name {name}")["State"] == "ENABLED"


def test_an_alarm_is_found(cli: Cli, stack: Stack) -> None:
    cloudwatch = stack.client("cloudwatch")
    name = f"data-hub-{INGESTION}-failed"
    before = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    try:
        found = cli("aws cloudwatch describe-alarms --state-value ALARM")["MetricAlarms"]
        assert [alarm["AlarmName"] for alarm in found] == [name]
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=before, StateReason="as before")


def test_the_dead_letters(cli: Cli, stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), cli.names["your-dead-letter-queue-url"]
    letter = {"Records": [{"s3": {"bucket": {"name": stack.bucket}, "object": {"key": "other/file.csv"}}}]}
    receive = "aws sqs receive-message --queue-url your-dead-letter-queue-url --visibility-timeout 0"
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(letter))
    (found,) = cli(receive)["Messages"]
    assert json.loads(found["Body"]) == letter

    # The local AWS lacks the call: the AWS CLI says whether it knows the command, and the test moves the message.
    arn = "arn:aws:sqs:us-east-1:123456789012:data-hub-collections-dead-letters"
    move = f"aws sqs start-message-move-task --source-arn {arn}"
    assert cli.try_out(move).returncode != 0
    assert cli.run(f"{move} --generate-cli-skeleton output").returncode == 0
    assert arn == _arn(sqs, queue)
    sqs.send_message(QueueUrl=cli.names["your-queue-url"], MessageBody=found["Body"])
    stack.await_idle()

    cli("aws sqs purge-queue --queue-url your-dead-letter-queue-url")
    assert cli(receive) == {}


def _arn(sqs: Any, queue: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_a_deleted_glue_trigger_is_made_again_by_terraform(cli: Cli, stack: Stack) -> None:
    cli("aws glue delete-trigger --name dual-engine-views-trigger")
    gone = cli.try_out("aws glue start-trigger --name dual-engine-views-trigger")
    assert gone.returncode != 0
    assert "EntityNotFoundException" in gone.stderr
    stack.terraform.apply()
    found = cli("aws glue get-trigger --name dual-engine-views-trigger")["Trigger"]
    assert (found["State"], found["WorkflowName"]) == ("ACTIVATED", PIPELINE)


def test_every_command_of_the_page_was_run(request: pytest.FixtureRequest, cli: Cli) -> None:
    selected = {item.name for item in request.session.items if item.path == request.path}
    if missing := {name for name in globals() if name.startswith("test_")} - selected:
        pytest.skip(f"not all of this module's tests run: {', '.join(sorted(missing))}")
    assert documented() - run_of_this_module == set()
