import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from collections_pipeline import HEADER_V1, row_v1
from deployed_pipeline import DeployedPipeline, MakeGlueJob
from published_views import put_view
from task_context import RecordingTaskInstance, resume, start

from data_hub.airflow import assets, file_counts, job_run_report, published_views
from data_hub.airflow.operators import GlueJobRunOperator
from data_hub.ingestion import ingest

PREFIX = "collections-data/ingest_ts=1/"


def operator_of(deployed: DeployedPipeline, job: str) -> GlueJobRunOperator:
    return GlueJobRunOperator(
        task_id=job, job_name=job, pipeline=deployed.pipeline, job_timeout=timedelta(minutes=1), outlets=[]
    )


def run_with_ingestion(
    deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False
) -> RecordingTaskInstance:
    """Run a job whose ingestion happens in this process, under the id of the job run."""
    job = f"ingestion-{deployed.name}"
    read_job_run = "data_hub.airflow.operators.read_job_run"

    def ingested(name: str, run_id: str) -> Any:
        ingest.Ingestion.open(deployed.pipeline, deployed.deployment, run_id, print).run()
        state = {"JobRunState": "FAILED", "ErrorMessage": "lost"} if fails else {"JobRunState": "SUCCEEDED"}
        return {"Id": run_id, "JobName": name, **state}

    monkeypatch.setattr(read_job_run, ingested)
    operator, task_instance = operator_of(deployed, job), RecordingTaskInstance(job)
    resume(operator, start(operator, task_instance), task_instance)
    return task_instance


@pytest.fixture
def two_files(deployed: DeployedPipeline) -> DeployedPipeline:
    deployed.put(f"{PREFIX}good.csv", HEADER_V1 + row_v1("A") * 29 + row_v1("B", aod="never"))
    deployed.put(f"{PREFIX}bad.csv", b"not,our,header\n1,2,3\n")
    return deployed


def test_an_ingestion_leaves_the_counts_of_each_file(
    two_files: DeployedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    xcoms = run_with_ingestion(two_files, monkeypatch).xcoms
    bad, good = xcoms["files"]
    assert good == {
        "key": f"{PREFIX}good.csv",
        "status": "ingested",
        "rows_read": 30,
        "rows_ingested": 29,
        "rows_rejected": 1,
        "message": "",
    }
    assert (bad["key"], bad["status"], bad["rows_ingested"]) == (f"{PREFIX}bad.csv", "rejected", 0)
    assert xcoms["summary"] == "2 files: 30 rows read = 29 ingested + 1 rejected"


def test_the_log_shows_them_as_a_table(
    two_files: DeployedPipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, job_run_report.__name__)
    run_with_ingestion(two_files, monkeypatch)
    lines = [record.getMessage() for record in caplog.records if record.name == job_run_report.__name__]
    assert lines[0] == "file                                   status    read  ingested  rejected"
    assert lines[1].startswith("collections-data/ingest_ts=1/bad.csv   rejected     0         0         0  no header: ")
    assert lines[2:] == ["collections-data/ingest_ts=1/good.csv  ingested    30        29         1"]


def test_the_asset_event_carries_the_totals(two_files: DeployedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    task_instance = run_with_ingestion(two_files, monkeypatch)
    (table,) = assets.made_by(two_files.pipeline, task_instance.task_id)
    extra = task_instance.outlet_events[table].extra
    assert extra["glue_job_run_id"] == task_instance.xcoms["glue_job_run_id"]
    assert (extra["files"], extra["rows_read"], extra["rows_ingested"], extra["rows_rejected"]) == (2, 30, 29, 1)
    assert int(extra["snapshot_id"]) > 0


def test_a_run_that_failed_tells_what_it_did_until_then(
    deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.put(f"{PREFIX}a.csv", HEADER_V1 + row_v1())
    seen: list[Any] = []
    monkeypatch.setattr(RecordingTaskInstance, "xcom_push", lambda self, key, value: seen.append((key, value)))
    with pytest.raises(AirflowException, match="ended FAILED: lost"):
        run_with_ingestion(deployed, monkeypatch, fails=True)
    (files,) = [value for key, value in seen if key == "files"]
    assert [(file["key"], file["rows_ingested"]) for file in files] == [(f"{PREFIX}a.csv", 1)]
    assert "summary" not in dict(seen)


def test_of_many_files_the_first_hundred_are_shown(deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_counts, "MAX_FILES", 2)
    for name in ("a", "b", "c"):
        deployed.put(f"{PREFIX}{name}.csv", HEADER_V1 + row_v1())
    ingest.Ingestion.open(deployed.pipeline, deployed.deployment, "jr_many", print).run()
    counts = file_counts.read(deployed.pipeline, "jr_many")
    assert [file["key"] for file in counts.to_xcom()] == [f"{PREFIX}a.csv", f"{PREFIX}b.csv"]
    assert counts.to_table()[-1] == "... and 1 more"


def test_a_run_that_found_nothing_new_says_so(deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    xcoms = run_with_ingestion(deployed, monkeypatch).xcoms
    assert (xcoms["files"], xcoms["summary"]) == ([], "Nothing new to ingest")


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_left_for_another_run_is_told_of_a_run_that_succeeded(
    deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    output = ["Nothing new to ingest", "remaining=8800 (8,800 objects left for another run, because ...)"]
    monkeypatch.setattr("data_hub.airflow.job_log.copy", lambda _: output)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(RecordingTaskInstance, "xcom_push", lambda self, key, value: seen.update({key: value}))
    with pytest.raises(AirflowException, match="ended FAILED: lost") if fails else nullcontext():
        run_with_ingestion(deployed, monkeypatch, fails=fails)
    expected = (None, None) if fails else (8800, "Nothing new to ingest; 8,800 objects left for another run")
    assert (seen.get("remaining"), seen.get("summary")) == expected


def test_a_ledger_that_cannot_be_read_changes_no_verdict(
    deployed: DeployedPipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no way to the warehouse")

    monkeypatch.setattr(file_counts, "read", refuse)
    xcoms = run_with_ingestion(deployed, monkeypatch).xcoms
    assert "files" not in xcoms
    assert xcoms["summary"].startswith("SUCCEEDED in ")
    assert "cannot be read from the ledger" in caplog.text


def test_the_views_job_says_what_it_published(deployed: DeployedPipeline, make_glue_job: MakeGlueJob) -> None:
    job = make_glue_job("print('v: created'); print('1 view: 1 created')", name=f"views-{deployed.name}")
    operator, task_instance = operator_of(deployed, job), RecordingTaskInstance(job)
    run_id = resume(operator, start(operator, task_instance), task_instance)
    assert task_instance.xcoms["summary"] == "1 view: 1 created"
    (views,) = assets.made_by(deployed.pipeline, job)
    assert task_instance.outlet_events[views].extra == {"glue_job_run_id": run_id, "views": 0, "failed_checks": 0}


def run_views_job(deployed: DeployedPipeline, make_glue_job: MakeGlueJob, script: str) -> RecordingTaskInstance:
    job = make_glue_job(script, name=f"views-{deployed.name}")
    operator, task_instance = operator_of(deployed, job), RecordingTaskInstance(job)
    resume(operator, start(operator, task_instance), task_instance)
    return task_instance


def test_what_views_leave_out_and_failed_checks_are_told(
    deployed: DeployedPipeline, make_glue_job: MakeGlueJob, caplog: pytest.LogCaptureFixture
) -> None:
    glue, name = deployed.aws.client("glue"), deployed.pipeline.pipeline
    put_view(glue, deployed.name, "a_view", name, misfits="2 reported values do not fit their columns' types")
    put_view(glue, deployed.name, "b_view", name, note="1 series without a report view: 'x y'")
    put_view(glue, deployed.name, "c_report_view", name, check="failed: it has 1 row where the table has 2")
    put_view(glue, deployed.name, "d_view", "another", check="failed: not ours")
    task_instance = run_views_job(deployed, make_glue_job, "print('3 views: 3 created; 1 series without a view')")
    assert task_instance.xcoms["summary"] == "3 views: 3 created; 1 series without a view"
    assert [(view["view"], view["check"], view["note"]) for view in task_instance.xcoms["views"]] == [
        ("c_report_view", "failed: it has 1 row where the table has 2", ""),
        ("a_view", "passed", ""),
        ("b_view", "passed", "1 series without a report view: 'x y'"),
    ]
    told = [record.getMessage() for record in caplog.records if record.name == job_run_report.__name__]
    assert told == [
        "a_view: 2 reported values do not fit their columns' types",
        "b_view: 1 series without a report view: 'x y'",
        "c_report_view: check failed: it has 1 row where the table has 2",
    ]
    (views,) = assets.made_by(deployed.pipeline, task_instance.task_id)
    extra = task_instance.outlet_events[views].extra
    assert (extra["views"], extra["failed_checks"]) == (3, 1)


def test_a_refused_view_is_the_error_of_the_task(deployed: DeployedPipeline, make_glue_job: MakeGlueJob) -> None:
    script = (
        "class DataHubError(Exception): ...\n"
        "print('1 view: 1 failed')\n"
        "raise DataHubError('Glue refused view a_view: ATHENA: line 1:8: no such column')"
    )
    with pytest.raises(AirflowFailException, match="ended FAILED: DataHubError: Glue refused view a_view: ATHENA"):
        run_views_job(deployed, make_glue_job, script)


def test_a_catalogue_that_cannot_be_read_changes_no_verdict(
    deployed: DeployedPipeline,
    make_glue_job: MakeGlueJob,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no way to the catalogue")

    monkeypatch.setattr(published_views, "read", refuse)
    xcoms = run_views_job(deployed, make_glue_job, "print('1 view: 1 created')").xcoms
    assert (xcoms["summary"], xcoms.get("views")) == ("1 view: 1 created", None)
    assert "cannot be read from the Glue Data Catalog" in caplog.text
