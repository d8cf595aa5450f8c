from collections.abc import Iterator
from contextlib import contextmanager

from alarms import Alarms
from holds import HeldScript
from live_pipeline import LivePipeline

from data_hub.airflow.task_ids import SENSOR


def test_files_that_make_the_job_fail_are_told_once_and_left_alone_until_something_changes(
    collections: LivePipeline, alarms: Alarms
) -> None:
    poison = collections.put("archived.csv", StorageClass="GLACIER")
    try:
        run_id = collections.await_run()
        assert collections.await_end(run_id) == "failed"
        _is_told_once(alarms, collections, run_id, "S3 refuses 1 object", poison, "InvalidObjectState")

        look = collections.trigger(dry_run=True)
        assert collections.await_end(look) == "success"
        assert poison in collections.xcom(look, SENSOR, "new_objects")["keys"]
        assert collections.glue_states() == ["FAILED"]

        good = collections.put("good-beside-it.csv")
        collections.await_ledger([good])
        collections.await_glue_run(2, "FAILED")
        assert collections.glue_runs()[1]["StartedOn"].timestamp() - _failed_at(collections) < 60
    finally:
        collections.delete(poison)
    collections.begin()
    assert collections.ledger()[good].status == "ingested"


def _failed_at(collections: LivePipeline) -> float:
    return float(collections.glue_runs()[0]["CompletedOn"].timestamp())


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
