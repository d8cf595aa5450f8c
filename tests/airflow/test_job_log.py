import logging
import time
import uuid
from collections.abc import Sequence

import pytest
from deployed_pipeline import MakeGlueJob
from glue_operator import operator_of
from task_context import RecordingTaskInstance, resume, start

from data_hub.airflow import job_log
from local_aws.process import LocalAws

GROUP = "/aws-glue/jobs/output"


@pytest.fixture(autouse=True)
def recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, job_log.__name__)


def put_lines(aws: LocalAws, lines: Sequence[str]) -> str:
    """Write a stream of its own and return its name."""
    logs, stream = aws.client("logs"), f"jr_{uuid.uuid4().hex}"
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    return stream


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == job_log.__name__]


def test_the_job_runs_lines_are_in_the_task_log_once(
    make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture
) -> None:
    operator = operator_of(
        make_glue_job("import sys; print('first'); print('second'); print('chatter', file=sys.stderr)")
    )
    task_instance = RecordingTaskInstance(operator.task_id)
    job_run_id = resume(operator, start(operator, task_instance), task_instance)
    assert messages(caplog) == [f"2 lines of log group {GROUP}, stream {job_run_id}:", "first", "second"]


def test_of_a_run_that_failed_standard_error_is_there_too(
    make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture
) -> None:
    operator = operator_of(make_glue_job("print('begun'); raise ValueError('why')"))
    task_instance = RecordingTaskInstance(operator.task_id)
    deferral = start(operator, task_instance)
    with pytest.raises(Exception, match="ValueError: why"):
        resume(operator, deferral, task_instance)
    assert "begun" in messages(caplog)
    assert "ValueError: why" in messages(caplog)


def test_of_a_long_log_the_end_is_shown_and_the_rest_counted(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "MAX_LINES", 3)
    stream = put_lines(aws, [f"line {number}" for number in range(8)])
    found = job_log.read_end(GROUP, stream)
    assert found.lines == ["line 5", "line 6", "line 7"]
    assert (found.left_out, found.is_all_counted) == (5, True)


def test_long_lines_are_counted_by_their_bytes(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "MAX_BYTES", 10)
    stream = put_lines(aws, ["ü" * 4, "ab", "cd"])
    assert job_log.read_end(GROUP, stream) == job_log.LogStream(["ab", "cd"], 1, is_all_counted=True)


def test_the_log_says_where_the_rest_is(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(job_log, "MAX_LINES", 1)
    stream = put_lines(aws, ["a", "b", "c"])
    job_log.copy({"Id": stream, "JobRunState": "SUCCEEDED"})
    assert messages(caplog)[0] == f"2 lines before these: log group {GROUP}, stream {stream}"


def test_a_log_that_cannot_be_read_is_one_warning(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    assert job_log.copy({"Id": "jr_gone", "JobRunState": "SUCCEEDED", "LogGroupName": "/no/such"}) == []
    (message,) = messages(caplog)
    assert message.startswith("The job run's log /no/such/output, stream jr_gone, cannot be read: ")
    assert "ResourceNotFoundException" in message


def test_a_log_without_end_is_not_read_to_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = iter([["x"] * 10 for _ in range(100)])
    monkeypatch.setattr(job_log, "MAX_LINES", 15)
    monkeypatch.setattr(job_log, "_pages_from_end", lambda group, stream: pages)
    found = job_log.read_end(GROUP, "jr_long")
    assert (len(found.lines), found.is_all_counted) == (15, False)
    assert len(list(pages)) > 80
