import contextlib
import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from deployed_pipeline import MakeGlueJob
from glue_operator import operator_of
from task_context import RecordingTaskInstance, resume, start

from data_hub import metrics
from data_hub.airflow import job_log
from local_aws.process import LocalAws

GROUP = "/aws-glue/jobs/output"


@pytest.fixture(autouse=True)
def recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, job_log.__name__)


def put_lines(aws: LocalAws, lines: Sequence[str], group: str = GROUP, *, ending: str = "") -> str:
    """Write a stream of its own and return its name without the ending."""
    run_id = f"jr_{uuid.uuid4().hex}"
    logs, stream = aws.client("logs"), f"{run_id}{ending}"
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return run_id


def run_of(job: str, run_id: str, **more: Any) -> Any:
    """Return a run as GetJobRun describes it."""
    return {"Id": run_id, "JobName": job, "JobRunState": "SUCCEEDED", **more}


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


def test_the_stream_of_glue_5_ends_in_driver(
    aws: LocalAws, make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = put_lines(aws, ["of the driver"], ending="-driver")
    assert job_log.copy(run_of(make_glue_job("pass"), run_id)) == ["of the driver"]


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
    aws: LocalAws,
    make_glue_job: MakeGlueJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(job_log, "MAX_LINES", 1)
    stream = put_lines(aws, ["a", "b", "c"])
    job_log.copy(run_of(make_glue_job(), stream))
    assert messages(caplog)[0] == f"2 lines before these: log group {GROUP}, stream {stream}"


def test_a_log_that_cannot_be_read_is_one_warning(make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture) -> None:
    assert job_log.copy(run_of(make_glue_job(), "jr_gone", LogGroupName="/no/such")) == []
    (message,) = messages(caplog)
    assert message.startswith("The job run's log /no/such/output, stream jr_gone, cannot be read: ")
    assert "ResourceNotFoundException" in message


PREFIX = "--custom-logGroup-prefix"


@pytest.mark.parametrize(
    ("default", "of_the_run", "group"),
    [
        ({PREFIX: "/data-hub/jobs"}, {}, "/data-hub/jobs"),
        ({PREFIX: "/data-hub/jobs"}, {"LogGroupName": "/aws-glue/jobs"}, "/data-hub/jobs"),
        ({PREFIX: "/data-hub/jobs"}, {"Arguments": {PREFIX: "/trial"}}, "/trial"),
        ({}, {"LogGroupName": "/aws-glue/jobs-role-configuration"}, "/aws-glue/jobs-role-configuration"),
        ({}, {}, "/aws-glue/jobs"),
    ],
)
def test_the_log_group_is_the_one_that_the_run_writes_to(
    aws: LocalAws, make_glue_job: MakeGlueJob, default: dict[str, str], of_the_run: dict[str, Any], group: str
) -> None:
    stream = put_lines(aws, ["done"], f"{group}/output")
    assert job_log.copy(run_of(make_glue_job(arguments=default), stream, **of_the_run)) == ["done"]


def test_a_job_that_is_gone_leaves_the_log_where_glue_puts_it(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    assert job_log.copy(run_of("no-such-job", put_lines(aws, ["done"]))) == ["done"]
    assert messages(caplog)[0].startswith("The job's log group cannot be read: There is no Glue job 'no-such-job'")


def test_lines_for_cloudwatch_are_not_shown_and_not_counted(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture
) -> None:
    stream = put_lines(aws, ["a", "b", metrics.last_line("p", "j", 1.0, {"FilesIngested": 1})])
    assert job_log.copy(run_of(make_glue_job(), stream)) == ["a", "b"]
    assert not any("_aws" in message for message in messages(caplog))
    monkeypatch.setattr(job_log, "MAX_LINES", 1)
    assert job_log.read_end(GROUP, stream) == job_log.LogStream(["b"], 1, is_all_counted=True)


def test_a_log_without_end_is_not_read_to_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = iter([["x"] * 10 for _ in range(100)])
    monkeypatch.setattr(job_log, "MAX_LINES", 15)
    monkeypatch.setattr(job_log, "_pages_from_end", lambda group, stream: pages)
    found = job_log.read_end(GROUP, "jr_long")
    assert (len(found.lines), found.is_all_counted) == (15, False)
    assert len(list(pages)) > 80
