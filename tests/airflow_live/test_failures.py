from collections.abc import Iterator
from contextlib import contextmanager

from alarms import Alarms
from holds import HeldScript
from live_pipeline import LivePipeline, eventually, file_of

from data_hub.airflow.task_ids import REJECTED_FILES


def test_an_object_that_s3_refuses_is_told_once_and_holds_nobody_up(collections: LivePipeline, alarms: Alarms) -> None:
    refused = collections.put("archived.csv", StorageClass="GLACIER")
    run_id = collections.await_run()
    assert collections.await_end(run_id) == "success"
    assert collections.task_states(run_id)[REJECTED_FILES] == "failed"
    (message,) = alarms.read()
    told = collections.error_text(run_id, REJECTED_FILES)
    for text in (refused, "S3 refuses it (InvalidObjectState)"):
        assert text in told
        assert text in message

    good = collections.put("good-beside-it.csv")
    assert collections.await_ledger([good])[good].status == "ingested"
    assert collections.ledger()[refused].status == "unreadable"

    collections.s3.put_object(Bucket="raw", Key=refused, Body=file_of(1))
    eventually(lambda: collections.ledger()[refused].status == "ingested", "the object that was delivered again")
    assert "FAILED" not in collections.glue_states()
    assert alarms.read() == []


def test_a_job_run_that_takes_too_long_is_tried_again_and_then_told(
    collections: LivePipeline, held: HeldScript, alarms: Alarms
) -> None:
    with _timeout_of_a_minute(collections):
        key = collections.put("slow.csv")
        run_id = collections.await_run()
        assert collections.await_end(run_id) == "failed"
    assert collections.glue_states() == ["TIMEOUT", "TIMEOUT", "TIMEOUT"]
    _is_told_once(alarms, collections, run_id, "ended TIMEOUT", "exceeded its timeout of 1 minute")

    collections.delete(key)


def test_a_job_run_that_somebody_stops_is_not_started_again(
    collections: LivePipeline, held: HeldScript, alarms: Alarms
) -> None:
    key = collections.put("stopped.csv")
    held.await_held()
    (glue_run,) = collections.glue_runs()
    collections.glue.batch_stop_job_run(JobName=collections.ingestion, JobRunIds=[glue_run["Id"]])
    run_id = collections.await_run()
    assert collections.await_end(run_id) == "failed"
    assert collections.glue_states() == ["STOPPED"]
    _is_told_once(alarms, collections, run_id, glue_run["Id"], "ended STOPPED: somebody stopped it")
    collections.delete(key)


def test_a_task_waits_while_somebody_elses_run_holds_the_job(collections: LivePipeline, held: HeldScript) -> None:
    theirs = collections.glue.start_job_run(JobName=collections.ingestion)["JobRunId"]
    held.await_held()
    held.work_and_hold()
    key = collections.put("waits-its-turn.csv")
    run_id = collections.trigger()
    collections.await_task(run_id, collections.ingestion, "deferred")
    assert [run["Id"] for run in collections.glue_runs()] == [theirs]

    held.release()
    assert collections.await_end(run_id) == "success"
    assert key in collections.ledger()
    assert collections.glue_states() == ["SUCCEEDED", "SUCCEEDED"]
    assert collections.task(run_id, collections.ingestion)["try_number"] == 1


@contextmanager
def _timeout_of_a_minute(collections: LivePipeline) -> Iterator[None]:
    job = collections.glue.get_job(JobName=collections.ingestion)["Job"]
    update = {name: value for name, value in job.items() if name not in {"Name", "CreatedOn", "LastModifiedOn"}}
    collections.glue.update_job(JobName=collections.ingestion, JobUpdate=update | {"Timeout": 1})
    try:
        yield
    finally:
        collections.glue.update_job(JobName=collections.ingestion, JobUpdate=update)


def _is_told_once(alarms: Alarms, collections: LivePipeline, run_id: str, *texts: str) -> None:
    log = collections.error_text(run_id, collections.ingestion)
    (message,) = alarms.read()
    assert [text for text in texts if text not in log] == []
    expected = [*texts, collections.name, collections.ingestion, run_id, collections.glue_runs()[-1]["Id"]]
    assert [text for text in expected if text not in message] == []
