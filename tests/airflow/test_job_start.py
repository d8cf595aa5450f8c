import json
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.glue import GlueJobHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, TaskDeferred
from botocore.exceptions import ClientError, EndpointConnectionError
from deployed_pipeline import VIEWS, MakeGlueJob
from glue_operator import operator_of
from job_trials import log, wait_for, wait_for_state
from task_context import RecordingTaskInstance, context_of, defer_again, resume, start

from data_hub.airflow.hooks import TASK_UUID_ARGUMENT
from data_hub.airflow.triggers import FreeSlotTrigger, GlueJobRunTrigger
from local_aws.process import LocalAws

WAITS = "import time; time.sleep(60)"


def started_by_somebody_else(aws: LocalAws, job: str, **arguments: str) -> str:
    return str(aws.client("glue").start_job_run(JobName=job, **arguments)["JobRunId"])


def stop(aws: LocalAws, job: str, run_id: str) -> None:
    aws.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    wait_for_state(aws, job, run_id, "STOPPED")


def arguments_of(aws: LocalAws, job: str) -> dict[str, str]:
    """Return the arguments of the job's only run."""
    (job_run,) = aws.client("glue").get_job_runs(JobName=job)["JobRuns"]
    return dict(job_run.get("Arguments", {}))


@pytest.fixture
def task_instance() -> RecordingTaskInstance:
    return RecordingTaskInstance("ingestion")


def test_a_refused_start_waits_for_a_free_slot(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(
        make_glue_job("import sys, time; time.sleep(0 if '--new_objects_digest' in sys.argv else 60)")
    )
    task_instance.leave_upstream("wait_for_objects", "new_objects", {"digest": "d"})
    other = started_by_somebody_else(aws, operator.job_name)
    deferral = start(operator, task_instance)
    assert isinstance(deferral.trigger, FreeSlotTrigger)
    assert "glue_job_run_id" not in task_instance.xcoms

    stop(aws, operator.job_name, other)
    own = resume(operator, defer_again(operator, deferral, task_instance), task_instance)
    assert own == task_instance.xcoms["glue_job_run_id"] != other
    assert task_instance.xcoms["glue_state"] == "SUCCEEDED"


def test_a_slot_that_is_taken_again_is_waited_for_again(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(make_glue_job(WAITS))
    other = started_by_somebody_else(aws, operator.job_name)
    start(operator, task_instance)
    for said in ({"is_free": True}, {"status": "success", "run_id": "of another task"}):
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute_when_free(context_of(task_instance), said)
        assert isinstance(deferred.value.trigger, FreeSlotTrigger)
    stop(aws, operator.job_name, other)


def test_no_free_slot_for_too_long_is_an_error_that_is_tried_again(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(make_glue_job(WAITS))
    operator.waiter_max_attempts = 1
    other = started_by_somebody_else(aws, operator.job_name)
    deferral = start(operator, task_instance)
    with pytest.raises(AirflowException, match=r"had no free slot for 16 minutes.*max_concurrent_runs"):
        resume(operator, deferral, task_instance)
    stop(aws, operator.job_name, other)


def test_a_start_whose_answer_was_lost_is_found_again(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(make_glue_job(WAITS))
    uuid = f"{task_instance.dag_id}:{task_instance.task_id}:{task_instance.run_id}:-1:1:"
    lost = started_by_somebody_else(aws, operator.job_name, Arguments={TASK_UUID_ARGUMENT: uuid})
    deferral = start(operator, task_instance)
    assert deferral.trigger.run_id == lost == task_instance.xcoms["glue_job_run_id"]
    stop(aws, operator.job_name, lost)


def test_a_retry_does_not_go_on_with_a_run_that_is_being_stopped(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    ignores_the_end = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('runs'); time.sleep(60)"
    )
    operator = operator_of(make_glue_job(ignores_the_end))
    start(operator, task_instance)
    first = task_instance.xcoms["glue_job_run_id"]
    wait_for(lambda: log(aws, "output", first), "the script runs")
    aws.client("glue").batch_stop_job_run(JobName=operator.job_name, JobRunIds=[first])
    second = RecordingTaskInstance(task_instance.task_id, try_number=2)
    deferral = start(operator, second)
    assert isinstance(deferral.trigger, FreeSlotTrigger)
    again = defer_again(operator, deferral, second)
    assert isinstance(again.trigger, GlueJobRunTrigger)
    assert again.trigger.run_id != first
    stop(aws, operator.job_name, again.trigger.run_id)


def test_a_run_for_the_views_only_skips_the_job_that_ingests(
    make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance, aws: LocalAws
) -> None:
    operator = operator_of(make_glue_job("pass"))
    with pytest.raises(AirflowSkipException, match="views only"):
        operator.execute(context_of(task_instance, views_only=True))
    assert aws.client("glue").get_job_runs(JobName=operator.job_name)["JobRuns"] == []


def test_a_set_that_is_left_alone_skips_the_job_that_ingests(
    make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(make_glue_job("pass"))
    task_instance.leave_upstream("wait_for_objects", "left_alone", "3 runs failed")
    with pytest.raises(AirflowSkipException, match="3 runs failed"):
        start(operator, task_instance)


def test_a_glue_that_does_not_answer_does_not_end_the_wait_for_a_slot(
    aws: LocalAws, make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = operator_of(make_glue_job(WAITS))
    other = started_by_somebody_else(aws, operator.job_name)
    deferral = start(operator, task_instance)
    stop(aws, operator.job_name, other)
    answers = iter([EndpointConnectionError(endpoint_url="glue"), True])

    async def answer(*_: object) -> bool:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return bool(found)

    monkeypatch.setattr(FreeSlotTrigger, "_is_slot_free", answer)
    again = defer_again(operator, deferral, task_instance)
    assert isinstance(again.trigger, GlueJobRunTrigger)
    stop(aws, operator.job_name, again.trigger.run_id)


def test_a_run_for_the_views_only_runs_every_other_job(
    make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance
) -> None:
    operator = operator_of(make_glue_job("pass"))
    operator.job_name = make_glue_job("pass", name=VIEWS)
    assert start(operator, task_instance, views_only=True)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"--new_objects_digest": "d"}),
        ({"keys": None}, {"--new_objects_digest": "d"}),
        ({"keys": []}, {"--new_objects_digest": "d"}),
        ({"keys": ["a/b.csv", 'a/"c".csv']}, {"--keys": '["a/b.csv", "a/\\"c\\".csv"]'}),
    ],
)
def test_what_the_form_and_the_sensor_say_reaches_the_job(
    aws: LocalAws,
    make_glue_job: MakeGlueJob,
    task_instance: RecordingTaskInstance,
    params: dict[str, Any],
    expected: dict[str, str],
) -> None:
    operator = operator_of(make_glue_job("pass"))
    task_instance.leave_upstream("wait_for_objects", "new_objects", {"count": 1, "keys": ["k"], "digest": "d"})
    start(operator, task_instance, **params)
    arguments = arguments_of(aws, operator.job_name)
    del arguments[TASK_UUID_ARGUMENT]
    assert arguments == expected
    assert json.loads(arguments.get("--keys", "[]")) == (params.get("keys") or [])


def test_a_start_that_iam_refuses_fails_at_once_and_says_who_starts_the_jobs(
    make_glue_job: MakeGlueJob, task_instance: RecordingTaskInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = operator_of(make_glue_job())
    answer = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform: glue:StartJobRun"}}

    def refuse(*_: Any) -> None:
        raise ClientError(answer, "StartJobRun")

    monkeypatch.setattr(GlueJobHook, "initialize_job", refuse)
    with pytest.raises(AirflowFailException, match=r"not authorized.*while it says glue, start the Glue workflow"):
        start(operator, task_instance)
