import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from collections_pipeline import SAMPLE
from holds import HeldScript
from live_pipeline import LivePipeline, eventually, file_of

from data_hub.airflow.task_ids import REJECTED_FILES, SENSOR

FILE = SAMPLE / "ingest_ts=1770609249" / "fry15.csv"
ROWS = 960


@pytest.mark.mwaa
def test_a_file_that_arrives_is_ingested_and_told_about_everywhere(collections: LivePipeline) -> None:
    put = collections.up.checkout.hub("put", str(FILE))
    assert put.returncode == 0, put.stderr
    key = next(word for word in put.stdout.split() if word.startswith("s3://raw/")).removeprefix("s3://raw/")
    assert collections.await_end() == "success"

    (run,) = collections.runs()
    run_id = run["dag_run_id"]
    assert run["run_type"] == "asset_triggered"
    assert collections.task_states(run_id) == dict.fromkeys(
        [SENSOR, collections.ingestion, collections.views, REJECTED_FILES], "success"
    )
    _is_in_ledger_and_views(collections, key)
    _is_in_xcom(collections, run_id, key)
    _is_in_asset_events(collections, run_id)
    _is_in_task_log(collections, run_id, key)
    assert "wait_for_objects" in collections.api.get(f"dags/{collections.name}/details")["doc_md"]
    collections.up.await_line(f"1 file: {ROWS} rows read")


def _is_in_ledger_and_views(collections: LivePipeline, key: str) -> None:
    entry = collections.ledger()[key]
    assert (entry.status, entry.rows_read, entry.rows_ingested) == ("ingested", ROWS, ROWS)
    query = f"SELECT count(*) FROM collections_data_view WHERE source_file = '{key}'"  # noqa: S608
    assert str(ROWS) in collections.up.checkout.hub("sql", query).stdout


def _is_in_xcom(collections: LivePipeline, run_id: str, key: str) -> None:
    assert collections.xcom(run_id, SENSOR, "new_objects")["keys"] == [key]
    counts = {"rows_read": ROWS, "rows_ingested": ROWS, "rows_rejected": 0}
    expected = {"key": key, "status": "ingested", **counts, "message": ""}
    assert collections.xcom(run_id, collections.ingestion, "files") == [expected]
    summary = f"1 file: {ROWS} rows read = {ROWS} ingested + 0 rejected"
    assert collections.xcom(run_id, collections.ingestion, "summary") == summary


def _is_in_asset_events(collections: LivePipeline, run_id: str) -> None:
    events = collections.api.get("assets/events", limit=1000, order_by="-timestamp")["asset_events"]
    of_run = {event["uri"]: event for event in events if event["source_run_id"] == run_id}
    assert of_run.keys() == {"glue://collections/collections_data_staging", "glue://collections/views"}
    (glue_run,) = collections.glue_runs()
    extra = of_run["glue://collections/collections_data_staging"]["extra"]
    assert (extra["glue_job_run_id"], extra["rows_ingested"]) == (glue_run["Id"], ROWS)


def _is_in_task_log(collections: LivePipeline, run_id: str, key: str) -> None:
    (glue_run,) = collections.glue_runs()
    task = f"dags/{collections.name}/dagRuns/{run_id.replace('+', '%2B')}/taskInstances/{collections.ingestion}"
    links = collections.api.get(f"{task}/links")["extra_links"]
    assert any(str(link).endswith(glue_run["Id"]) for link in links.values())
    line = f"{key}: ingested, {ROWS} read = {ROWS} ingested + 0 rejected"
    assert collections.log(run_id, collections.ingestion).count(line) == 1


def test_files_that_arrive_during_a_run_need_at_most_one_more(collections: LivePipeline, held: HeldScript) -> None:
    first = collections.put("first.csv")
    held.await_held()
    before_the_work = collections.put("before-the-work.csv")
    held.work_and_hold()
    assert {first, before_the_work} <= collections.ledger().keys()
    after_the_work = collections.put("after-the-work.csv")
    held.release()

    assert collections.await_end() == "success"
    assert collections.await_end(collections.await_run(2)) == "success"
    assert after_the_work in collections.ledger()
    assert (len(collections.runs()), collections.glue_states()) == (2, ["SUCCEEDED", "SUCCEEDED"])


def test_a_burst_of_200_files_takes_a_few_runs(collections: LivePipeline) -> None:
    with ThreadPoolExecutor(8) as uploads:
        keys = list(uploads.map(lambda number: collections.put(f"burst-{number}.csv", rows=5), range(200)))
    collections.await_ledger(keys)
    eventually(lambda: all(run["state"] == "success" for run in collections.runs()), "the runs' end")

    assert len(collections.runs()) <= 3
    files = [file for file in collections.rows() if "/burst-" in file]
    assert {file: files.count(file) for file in keys} == dict.fromkeys(keys, 5)
    assert [len(collections.records(key)) for key in keys[:3]] == [1, 1, 1]


def test_the_same_file_again(collections: LivePipeline) -> None:
    content = file_of(3, value="again")
    key = collections.put("again.csv", content=content)
    assert collections.await_end() == "success"

    collections.put("again.csv", content=content)
    look = collections.trigger()
    assert collections.await_end(look) == "success"
    assert collections.task_states(look)[SENSOR] == "skipped"
    assert len(collections.glue_runs()) == 1

    _upload_in_parts(collections, key, content)
    other = collections.put("again-under-another-name.csv", content=content)
    assert collections.await_ledger([other])[other].status == "ingested"
    eventually(lambda: collections.ledger()[key].status == "skipped", "the same bytes with another ETag")
    assert collections.rows().count(key) == 3
    assert collections.rows().count(other) == 3


def _upload_in_parts(collections: LivePipeline, key: str, content: bytes) -> None:
    """Give the same bytes another ETag."""
    where = {"Bucket": collections.pipeline.source.bucket, "Key": key}
    upload = where | {"UploadId": collections.s3.create_multipart_upload(**where)["UploadId"]}
    part = collections.s3.upload_part(**upload, PartNumber=1, Body=content)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    collections.s3.complete_multipart_upload(**upload, MultipartUpload=parts)


def test_the_clock_finds_a_file_whose_arrival_nobody_announced(clock: LivePipeline) -> None:
    triggerer = clock.up.component("triggerer")
    family = [triggerer, *triggerer.children(recursive=True)]
    _signal(family, signal.SIGSTOP)
    try:
        key = clock.put("unannounced.csv")
        clock.api.patch("dags/clock", {"is_paused": False})
        clock.await_glue_run(state="SUCCEEDED")
        clock.await_task(clock.await_run(), clock.ingestion, "deferred")
        _signal(family, signal.SIGCONT)
        assert clock.await_end() == "success"
    finally:
        _signal(family, signal.SIGCONT)
        clock.api.patch("dags/clock", {"is_paused": True})

    assert key in clock.ledger()
    assert clock.runs()[0]["run_type"] == "scheduled"
    assert len(clock.glue_runs()) == 1


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
