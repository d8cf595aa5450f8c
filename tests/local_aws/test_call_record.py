"""The record of who called what."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from job_trials import create_job, run

from local_aws.environment import client
from local_aws.process import LocalAws

JOB = """
    import boto3
    boto3.client("s3").list_objects_v2(Bucket="job-trials", Prefix="of/")
    print("called")
"""

Call = dict[str, Any]


class Recorded:
    """A local AWS with a record."""

    def __init__(self, aws: LocalAws, file: Path) -> None:
        self.aws = aws
        self._file = file

    def calls_of(self, role: str) -> list[Call]:
        """Return a role's calls, without the role."""
        calls = [json.loads(line) for line in self._file.read_text().splitlines()]
        return [{name: call[name] for name in call if name != "role"} for call in calls if call["role"] == role]

    def client(self, service: str, role: str) -> Any:
        return client(service, self.aws.endpoint, role)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    directory = tmp_path_factory.mktemp("call-record")
    record = directory / "calls.jsonl"
    with LocalAws.start(directory, record=record) as aws:
        yield Recorded(aws, record)


def test_a_job_run_calls_with_its_jobs_role(recorded: Recorded) -> None:
    logs = recorded.aws.client("logs")
    for kind in ("output", "error"):
        logs.create_log_group(logGroupName=f"/trial/jobs/{kind}")
    create_job(
        recorded.aws,
        "job",
        JOB,
        Role="arn:aws:iam::123456789012:role/path/reader",
        DefaultArguments={"--custom-logGroup-prefix": "/trial/jobs"},
    )
    run_id = run(recorded.aws, "job")["Id"]
    calls = recorded.calls_of("reader")
    for call in calls:
        call["parameters"].pop("logEvents", None)
    # What Glue itself does for the run, script and logs, it does with the run's role as well.
    output, error = ({"logGroupName": f"/trial/jobs/{kind}", "logStreamName": run_id} for kind in ("output", "error"))
    assert calls == [
        {"service": "logs", "action": "CreateLogStream", "parameters": output},
        {"service": "logs", "action": "CreateLogStream", "parameters": error},
        {"service": "s3", "action": "GetObject", "parameters": {"Bucket": "job-trials", "Key": "job.py"}},
        {"service": "s3", "action": "ListObjectsV2", "parameters": {"Bucket": "job-trials", "Prefix": "of/"}},
        {"service": "logs", "action": "PutLogEvents", "parameters": output},
    ]
    assert [event["message"] for event in logs.filter_log_events(logGroupName="/trial/jobs/output")["events"]] == [
        "called"
    ]


def test_a_call_of_every_protocol_is_recorded(recorded: Recorded) -> None:
    for service, request in [
        ("glue", lambda glue: glue.create_database(DatabaseInput={"Name": "hub"})),
        ("sqs", lambda sqs: sqs.create_queue(QueueName="arrivals")),
        ("sns", lambda sns: sns.create_topic(Name="alarms")),
        ("sts", lambda sts: sts.get_caller_identity()),
        ("lambda", lambda functions: functions.list_layers(CompatibleRuntime="python3.13")),
        ("scheduler", lambda scheduler: scheduler.get_schedule_group(Name="default")),
        ("cloudwatch", lambda metrics: metrics.list_metrics(Namespace="Trial")),
    ]:
        request(recorded.client(service, "caller"))
    assert recorded.calls_of("caller") == [
        {"service": "glue", "action": "CreateDatabase", "parameters": {"DatabaseInput": {"Name": "hub"}}},
        {"service": "sqs", "action": "CreateQueue", "parameters": {"QueueName": "arrivals"}},
        {"service": "sns", "action": "CreateTopic", "parameters": {"Name": "alarms"}},
        {"service": "sts", "action": "GetCallerIdentity", "parameters": {}},
        {"service": "lambda", "action": "ListLayers", "parameters": {"CompatibleRuntime": "python3.13"}},
        {"service": "scheduler", "action": "GetScheduleGroup", "parameters": {"Name": "default"}},
        {"service": "monitoring", "action": "ListMetrics", "parameters": {"Namespace": "Trial"}},
    ]


def test_of_s3_bucket_keys_and_prefix_are_recorded(recorded: Recorded) -> None:
    s3 = recorded.client("s3", "writer")
    s3.create_bucket(Bucket="raw")
    s3.put_object(Bucket="raw", Key="a b/é=1.csv", Body=b"<no xml", Metadata={"some": "thing"})
    s3.upload_fileobj(io.BytesIO(b"x" * 9_000_000), "raw", "big")
    s3.head_object(Bucket="raw", Key="big")
    s3.delete_objects(Bucket="raw", Delete={"Objects": [{"Key": "big"}, {"Key": "a b/é=1.csv"}]})
    calls = recorded.calls_of("writer")
    assert {call["parameters"]["Bucket"] for call in calls} == {"raw"}
    keys = [(call["action"], call["parameters"].get("Key") or call["parameters"].get("Keys")) for call in calls]
    assert keys == [
        ("CreateBucket", None),
        ("PutObject", "a b/é=1.csv"),
        ("CreateMultipartUpload", "big"),
        ("UploadPart", "big"),
        ("UploadPart", "big"),
        ("CompleteMultipartUpload", "big"),
        ("HeadObject", "big"),
        ("DeleteObjects", ["big", "a b/é=1.csv"]),
    ]
