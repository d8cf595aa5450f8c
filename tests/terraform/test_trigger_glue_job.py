"""The Lambda function that starts a workflow when objects have arrived."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore.exceptions import ClientError
from deployed_lambda import COLLECTIONS, INGESTION, NOW, OTHER, VIEWS, StoppedClock, job_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from stubbed_calls import RefusedError, StubbedCalls

import pipelines
import s3_events
import trigger_glue_job

KEY = "collections-data/ingest_ts=1/a.csv"
BY_HAND = {"Records": [{"s3": {"bucket": {"name": "test"}, "object": {"key": "test.csv"}}}]}
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw"}
every_example = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def runs() -> dict[str, list[dict[str, Any]]]:
    """Job to runs, newest first."""
    return {}


@pytest.fixture
def glue(runs: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> StubbedCalls:
    stubbed = StubbedCalls(
        "glue",
        GetJobRuns=lambda params: {"JobRuns": runs.get(params["JobName"], [])},
        StartWorkflowRun=lambda params: {"RunId": f"wr_{params['Name']}"},
    )
    monkeypatch.setattr(trigger_glue_job, "datetime", StoppedClock)
    monkeypatch.setattr(trigger_glue_job, "_glue", lambda: stubbed.client)
    monkeypatch.setattr(pipelines, "deployed", lambda: [COLLECTIONS, OTHER])
    return stubbed


def event_of(*keys: str, bucket: str = "raw", at: datetime = NOW, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """Return an event as S3 sends it."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": name,
                "eventTime": at.isoformat().replace("+00:00", "Z"),
                "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}},
            }
            for key in keys
        ]
    }


def batch_of(bodies: Iterable[Any]) -> dict[str, Any]:
    """Return a batch of messages, with the ids m0, m1 and so on."""
    return {
        "Records": [
            {
                "messageId": f"m{n}",
                "eventSource": "aws:sqs",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for n, body in enumerate(bodies)
        ]
    }


def handed_back(event: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in trigger_glue_job.handler(event, None)["batchItemFailures"]]


def started(glue: StubbedCalls) -> list[str]:
    return [call["Name"] for call in glue.named("StartWorkflowRun")]


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refuse(code: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError(code)

    return answer


def test_an_arrival_starts_the_workflow(glue: StubbedCalls, capsys: pytest.CaptureFixture[str]) -> None:
    assert handed_back(batch_of([event_of(KEY)])) == []
    properties = {"started_by": "arrival", "objects": "1", "first_object": f"s3://raw/{KEY}"}
    assert glue.named("StartWorkflowRun") == [{"Name": "collections", "RunProperties": properties}]
    (line,) = logged(capsys)
    assert (line["level"], line["decision"], line["workflow"]) == ("INFO", "started", "collections")
    assert "wr_collections" in line["reason"]


def test_a_burst_starts_one_run_for_each_batch(glue: StubbedCalls) -> None:
    assert handed_back(batch_of(event_of(f"collections-data/ingest_ts=1/{n}.csv") for n in range(1000))) == []
    (call,) = glue.named("StartWorkflowRun")
    assert call["RunProperties"]["objects"] == "1000"
    assert len(glue.named("GetJobRuns")) == 2


def test_a_message_twice_in_a_batch_starts_one_run(glue: StubbedCalls) -> None:
    assert handed_back(batch_of([event_of(KEY)] * 2)) == []
    (call,) = glue.named("StartWorkflowRun")
    assert call["RunProperties"]["objects"] == "1"


@pytest.mark.parametrize("state", ["STARTING", "RUNNING", "STOPPING", "WAITING"])
@pytest.mark.parametrize("job", [INGESTION, VIEWS])
def test_a_live_job_run_keeps_the_messages_in_the_queue(
    glue: StubbedCalls, runs: dict[str, Any], capsys: pytest.CaptureFixture[str], job: str, state: str
) -> None:
    runs[job] = [job_run("SUCCEEDED", started=900, ended=800), job_run(state, started=1000)]
    assert handed_back(batch_of([event_of(KEY), event_of(KEY)])) == ["m0", "m1"]
    assert started(glue) == []
    (line,) = logged(capsys)
    assert (line["level"], line["decision"]) == ("INFO", "refused")
    assert line["reason"] == f"job run jr_1 of {job} is {state}"


def test_glue_gets_the_time_to_free_the_slot_of_the_first_job(glue: StubbedCalls, runs: dict[str, Any]) -> None:
    runs[VIEWS] = [job_run("SUCCEEDED", started=20, ended=2)]
    runs[INGESTION] = [job_run("FAILED", started=20, ended=2)]
    assert handed_back(batch_of([event_of(KEY)])) == ["m0"]
    runs[INGESTION] = [job_run("FAILED", started=40, ended=11)]
    assert handed_back(batch_of([event_of(KEY)])) == []


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("ConcurrentRunsExceededException", "INFO"),
        ("AccessDeniedException", "ERROR"),
        ("EntityNotFoundException", "ERROR"),
        ("InternalServiceException", "ERROR"),
    ],
)
def test_a_refused_start_keeps_the_messages_in_the_queue(
    glue: StubbedCalls, capsys: pytest.CaptureFixture[str], code: str, level: str
) -> None:
    glue.answers["StartWorkflowRun"] = refuse(code)
    assert handed_back(batch_of([event_of(KEY), event_of("else/where.csv")])) == ["m0"]
    line = logged(capsys)[-1]
    assert (line["level"], line["decision"], code in line["reason"]) == (level, "refused", True)


def test_job_runs_that_cannot_be_read_start_nothing(glue: StubbedCalls) -> None:
    glue.answers["GetJobRuns"] = refuse("AccessDeniedException")
    assert handed_back(batch_of([event_of(KEY)])) == ["m0"]
    assert started(glue) == []


def test_a_message_of_an_object_that_is_ingested_already_is_done(glue: StubbedCalls, runs: dict[str, Any]) -> None:
    """S3 may deliver an event twice, and a burst's messages wait while a run ingests their objects."""
    runs[INGESTION] = [job_run("SUCCEEDED", started=100, ended=50)]
    before, after = NOW - timedelta(seconds=101), NOW - timedelta(seconds=99)
    assert handed_back(batch_of([event_of(KEY, at=before)])) == []
    assert started(glue) == []
    runs[VIEWS] = [job_run("RUNNING", started=40)]
    assert handed_back(batch_of([event_of(KEY, at=before), event_of(KEY, at=after)])) == ["m1"]


@pytest.mark.parametrize(
    "run",
    [
        job_run("SUCCEEDED", started=100, ended=50, keys='["a.csv"]'),
        job_run("FAILED", started=100, ended=50),
        job_run("TIMEOUT", started=100, ended=50),
        job_run("SUCCEEDED", started=100, ended=50, minutes=48),
    ],
)
def test_a_run_for_some_keys_or_that_failed_or_had_no_time_left_has_not_ingested_it(
    glue: StubbedCalls, runs: dict[str, Any], run: dict[str, Any]
) -> None:
    runs[INGESTION] = [run]
    assert handed_back(batch_of([event_of(KEY, at=NOW - timedelta(seconds=101))])) == []
    assert started(glue) == ["collections"]


def left(number: int, *, at: datetime = NOW, pipeline: str = "collections") -> dict[str, Any]:
    """Return what the ingestion puts into the queue when it leaves objects for another run."""
    return {"pipeline": pipeline, "remaining": number, "time": at.isoformat()}


def test_what_a_run_has_left_starts_another_one(glue: StubbedCalls, runs: dict[str, Any]) -> None:
    """The object's own message is done by the run that left it: that run has asked for another one."""
    runs[INGESTION] = [job_run("SUCCEEDED", started=3000, ended=100)]
    arrival, message = event_of(KEY, at=NOW - timedelta(seconds=4000)), left(8800, at=NOW - timedelta(seconds=101))
    assert handed_back(batch_of([arrival, message])) == []
    (call,) = glue.named("StartWorkflowRun")
    shown = "8800 objects that an earlier run left"
    assert call["RunProperties"] == {"started_by": "remaining", "objects": "8800", "first_object": shown}


def test_what_a_run_has_left_waits_for_that_runs_end_and_is_done_by_the_next(
    glue: StubbedCalls, runs: dict[str, Any]
) -> None:
    message = left(5, at=NOW - timedelta(seconds=60))
    runs[INGESTION] = [job_run("RUNNING", started=100)]
    assert handed_back(batch_of([message])) == ["m0"]
    runs[INGESTION] = [job_run("SUCCEEDED", started=50, ended=20), job_run("SUCCEEDED", started=100, ended=55)]
    assert handed_back(batch_of([message])) == []
    assert started(glue) == []


def test_arrivals_and_what_a_run_has_left_start_one_run(glue: StubbedCalls) -> None:
    assert handed_back(batch_of([event_of(KEY), left(5), left(5), left(3, pipeline="none")])) == []
    (call,) = glue.named("StartWorkflowRun")
    assert (call["RunProperties"]["started_by"], call["RunProperties"]["objects"]) == ("arrival", "6")


def test_two_pipelines_in_a_batch_are_decided_apart(glue: StubbedCalls, runs: dict[str, Any]) -> None:
    runs["other-ingest"] = [job_run("RUNNING", started=10)]
    both = event_of(KEY, "other-data/b.csv")
    assert handed_back(batch_of([event_of(KEY), event_of("other-data/a.csv"), both])) == ["m1", "m2"]
    assert started(glue) == ["collections"]


@pytest.mark.parametrize(
    "event",
    [
        event_of("else/where.csv"),
        event_of("collections-data/a.csv"),
        event_of("collections-data/ingest_ts=1/deep/a.csv"),
        event_of("collections-data/ingest_ts=1/a.txt"),
        event_of(KEY, bucket="another"),
        event_of(KEY, name="ObjectRemoved:Delete"),
        TEST_EVENT,
        {"Records": []},
    ],
)
def test_other_objects_and_events_are_ignored(glue: StubbedCalls, event: dict[str, Any]) -> None:
    assert handed_back(batch_of([event])) == []
    assert trigger_glue_job.handler(event, None)["status"] == "ignored"
    assert glue.calls == []


def test_one_unreadable_message_holds_no_other_up(glue: StubbedCalls, capsys: pytest.CaptureFixture[str]) -> None:
    bodies: list[Any] = [event_of(KEY)] * 999
    bodies[500] = '{"Records": [{"s3"'
    assert handed_back(batch_of(bodies)) == ["m500"]
    assert started(glue) == ["collections"]
    line = logged(capsys)[0]
    assert (line["level"], line["message"], line["body"]) == ("ERROR", "m500", bodies[500])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"Records": {}}',
        '{"Records": [null]}',
        '{"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "a"}}}]}',
        '{"Records": [{"eventTime": "yesterday", "s3": {"bucket": {"name": "raw"}, "object": {"key": "a"}}}]}',
        '{"remaining": 5}',
        '{"remaining": 5, "pipeline": "collections", "time": "yesterday"}',
        '{"remaining": 5, "pipeline": "collections", "time": "2026-01-01T00:00:00"}',
        '{"remaining": "5", "pipeline": "collections", "time": "2026-01-01T00:00:00Z"}',
        '{"remaining": 5, "pipeline": [], "time": "2026-01-01T00:00:00Z"}',
        '{"Records": [{"eventTime": "2026-01-01", "s3": {"bucket": {"name": "raw"}, "object": {"key": "a"}}}]}',
    ],
)
def test_an_unreadable_message_goes_to_the_dead_letters_not_away(glue: StubbedCalls, body: str) -> None:
    assert handed_back(batch_of([body])) == ["m0"]
    assert glue.calls == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Records", "s3", "bucket", "object", "key", "name", "eventTime"]), inner)
    ),
)


@every_example
@given(bodies=st.lists(st.sampled_from([event_of(KEY), event_of("no.csv"), TEST_EVENT]) | json_values, min_size=1))
def test_whatever_comes_no_message_is_lost(glue: StubbedCalls, bodies: list[Any]) -> None:
    """A message is handed back, or it was readable and a run was started for its object if it is a pipeline's."""
    glue.calls.clear()
    back = set(handed_back(batch_of(bodies)))
    for number, body in enumerate(bodies):
        try:
            found = s3_events.parse(body)
        except s3_events.NotAnS3EventError:
            assert f"m{number}" in back
        else:
            assert f"m{number}" not in back
            assert not any(arrival.key == KEY for arrival in found) or started(glue) == ["collections"]


@given(key=st.text(min_size=1))
def test_keys_are_decoded(key: str) -> None:
    key = key.encode("utf-8", "replace").decode()
    assert [arrival.key for arrival in s3_events.parse(event_of(key))] == [key]


def test_an_event_without_a_queue_says_what_was_done(glue: StubbedCalls) -> None:
    answer = trigger_glue_job.handler(event_of(KEY), None)
    assert answer == {"status": "started", "workflows": {"collections": "workflow run wr_collections"}}


def test_the_event_that_people_make_by_hand(glue: StubbedCalls) -> None:
    assert trigger_glue_job.handler(BY_HAND, None) == {"status": "ignored", "reason": "no pipeline's object"}
    by_hand = {"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": KEY}}}]}
    assert trigger_glue_job.handler(by_hand, None)["status"] == "started"


def test_an_event_without_a_queue_is_repeated_by_lambda_when_refused(glue: StubbedCalls, runs: dict[str, Any]) -> None:
    runs[INGESTION] = [job_run("RUNNING", started=10)]
    with pytest.raises(trigger_glue_job.NotStartedError, match=r"collections.*is RUNNING"):
        trigger_glue_job.handler(event_of(KEY), None)


@pytest.mark.parametrize("event", [None, [], "text", {}, {"Records": "text"}, {"Records": {"a": 1}}, {"Records": [[]]}])
def test_what_is_no_event_at_all_is_told_so(glue: StubbedCalls, event: Any) -> None:
    with pytest.raises(s3_events.NotAnS3EventError):
        trigger_glue_job.handler(event, None)
    assert glue.calls == []


@mock_aws
def test_the_pipelines_are_read_once(
    monkeypatch: pytest.MonkeyPatch, glue: StubbedCalls, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="scripts")
    body = json.dumps([COLLECTIONS.__dict__])
    s3.put_object(Bucket="scripts", Key="pipelines-once.json", Body=body)
    monkeypatch.setenv("PIPELINES", "s3://scripts/pipelines-once.json")
    assert trigger_glue_job.handler(BY_HAND, None)["status"] == "ignored"
    s3.delete_object(Bucket="scripts", Key="pipelines-once.json")
    assert pipelines.deployed() == [COLLECTIONS]
    monkeypatch.setenv("PIPELINES", "s3://scripts/none.json")
    with pytest.raises(ClientError):
        trigger_glue_job.handler(batch_of([event_of(KEY)]), None)
