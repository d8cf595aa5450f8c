import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError
from deployed_pipeline import MakeGlueJob
from glue_operator import operator_of
from job_trials import wait_for_state
from task_context import RecordingTaskInstance, context_of, resume, start

from data_hub.airflow import operators
from data_hub.airflow.hooks import DeployedGlueJobHook
from local_aws.process import LocalAws

WAITS = "import time; time.sleep(60)"


def test_a_run_that_succeeds_leaves_its_id_and_state(aws: LocalAws, make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job("print('done')"))
    task_instance = RecordingTaskInstance(operator.task_id)
    job_run_id = resume(operator, start(operator, task_instance), task_instance)
    assert (
        aws.client("glue").get_job_run(JobName=operator.job_name, RunId=job_run_id)["JobRun"]["JobRunState"]
        == "SUCCEEDED"
    )
    assert task_instance.xcoms["glue_job_run_id"] == job_run_id
    assert task_instance.xcoms["glue_state"] == "SUCCEEDED"
    assert task_instance.xcoms["summary"].startswith("SUCCEEDED in ")


def test_a_missing_job_fails_at_once_and_is_not_created(aws: LocalAws) -> None:
    operator = operator_of("no-such-job")
    with pytest.raises(AirflowFailException, match=r"no Glue job 'no-such-job' in region us-east-1.*deploy"):
        start(operator, RecordingTaskInstance("no-such-job"))
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        aws.client("glue").get_job(JobName="no-such-job")


def test_glues_error_message_is_the_tasks_error(make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job("raise ValueError('column aod is missing')"))
    task_instance = RecordingTaskInstance(operator.task_id)
    deferral = start(operator, task_instance)
    with pytest.raises(AirflowException, match="ended FAILED: ValueError: column aod is missing"):
        resume(operator, deferral, task_instance)
    assert task_instance.xcoms["glue_state"] == "FAILED"


def test_a_stopped_run_is_a_failure(aws: LocalAws, make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job(WAITS))
    task_instance = RecordingTaskInstance(operator.task_id)
    deferral = start(operator, task_instance)
    aws.client("glue").batch_stop_job_run(JobName=operator.job_name, JobRunIds=[task_instance.xcoms["glue_job_run_id"]])
    with pytest.raises(AirflowFailException, match="ended STOPPED: somebody stopped it"):
        resume(operator, deferral, task_instance)


def test_a_retry_goes_on_with_the_run_that_is_still_going(aws: LocalAws, make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job(WAITS))
    first, second = (RecordingTaskInstance(operator.task_id, try_number) for try_number in (1, 2))
    start(operator, first)
    start(operator_of(operator.job_name), second)
    runs = aws.client("glue").get_job_runs(JobName=operator.job_name)["JobRuns"]
    assert [run["Id"] for run in runs] == [first.xcoms["glue_job_run_id"]] == [second.xcoms["glue_job_run_id"]]
    aws.client("glue").batch_stop_job_run(JobName=operator.job_name, JobRunIds=[runs[0]["Id"]])


def test_a_retry_takes_over_a_run_that_has_succeeded(aws: LocalAws, make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job("print('done')"))
    died, second = (RecordingTaskInstance(operator.task_id, try_number) for try_number in (1, 2))
    run_id = start(operator, died).trigger.run_id
    wait_for_state(aws, operator.job_name, run_id, "SUCCEEDED")
    again = operator_of(operator.job_name)
    assert resume(again, start(again, second), second) == run_id == second.xcoms["glue_job_run_id"]
    assert second.xcoms["glue_job_run_details"]["job_run_id"] == run_id
    assert len(aws.client("glue").get_job_runs(JobName=operator.job_name)["JobRuns"]) == 1


def test_a_retry_takes_over_a_run_that_succeeds_while_it_looks(
    aws: LocalAws, make_glue_job: MakeGlueJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_glue_job("import time; time.sleep(2)")
    first = start(operator_of(job), RecordingTaskInstance(job)).trigger.run_id
    wait_for_state(aws, job, first, "RUNNING")
    find_runs = operators.find_runs

    def find_and_linger(*arguments: str) -> Any:
        found = find_runs(*arguments)
        wait_for_state(aws, job, first, "SUCCEEDED")
        return found

    monkeypatch.setattr(operators, "find_runs", find_and_linger)
    assert start(operator_of(job), RecordingTaskInstance(job, try_number=2)).trigger.run_id == first


def test_a_task_that_is_cleared_after_its_success_runs_the_job_again(aws: LocalAws, make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job("print('done')"))
    first = start(operator, RecordingTaskInstance(operator.task_id)).trigger.run_id
    wait_for_state(aws, operator.job_name, first, "SUCCEEDED")
    cleared = RecordingTaskInstance(operator.task_id, try_number=2, max_tries=1)
    assert start(operator_of(operator.job_name), cleared).trigger.run_id != first


@pytest.mark.parametrize(
    ("state", "error", "is_retried"),
    [
        ("FAILED", "ConnectionError: why", True),
        ("FAILED", "Error Category: UNCLASSIFIED_ERROR; DataHubError: why", False),
        ("TIMEOUT", "why", True),
        ("STOPPED", "why", False),
        ("ERROR", "why", True),
        ("EXPIRED", "why", True),
        ("RUNNING", "why", True),
    ],
)
def test_what_a_person_stopped_or_has_to_mend_is_not_tried_again(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, state: str, error: str, is_retried: bool
) -> None:
    monkeypatch.setattr(
        operators,
        "read_job_run",
        lambda name, run_id: {"Id": run_id, "JobName": name, "JobRunState": state, "ErrorMessage": error},
    )
    event = {"status": "error", "run_id": "jr_1", "message": "attempts used up"}
    with pytest.raises(AirflowException, match=f"jr_1 of Glue job j .*{state}") as raised:
        operator_of("j").execute_complete(context_of(RecordingTaskInstance("j")), event)
    assert isinstance(raised.value, AirflowFailException) != is_retried
    assert ("attempts used up" if state == "RUNNING" else "why") in str(raised.value)


def test_a_task_waits_on_when_the_trigger_of_another_task_speaks(make_glue_job: MakeGlueJob) -> None:
    operator = operator_of(make_glue_job("print('done')"))
    task_instance = RecordingTaskInstance(operator.task_id)
    deferral = start(operator, task_instance)
    for said in ({"status": "success", "run_id": "jr_1"}, {"status": "success", "is_free": True}):
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute_complete(context_of(task_instance), said, **deferral.kwargs)
        assert deferred.value.trigger.run_id == deferral.trigger.run_id
    assert resume(operator, deferred.value, task_instance) == task_instance.xcoms["glue_job_run_id"]


@pytest.fixture
def expired_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Glue whose every job run is EXPIRED, a state that the local AWS does not reach."""

    class Glue(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            job_run = {"Id": "jr_1", "JobName": "j", "JobRunState": "EXPIRED"}
            answer = {"Job": {"Name": "j"}, "JobRun": job_run, "events": [], "nextBackwardToken": "b"}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Glue) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


def test_the_trigger_ends_at_expired(aws: LocalAws, expired_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeployedGlueJobHook, "initialize_job", lambda self, *_: {"JobRunId": "jr_1"})
    operator, task_instance = operator_of("j"), RecordingTaskInstance("j")
    with pytest.raises(AirflowException, match="ended EXPIRED: it waited too long"):
        resume(operator, start(operator, task_instance), task_instance)
