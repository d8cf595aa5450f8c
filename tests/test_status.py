"""What ``hub status`` tells of a pipeline that Glue drives, and of the last run's data."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from collections_pipeline import PIPELINE
from rich.console import Console

from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.arrivals import NewObjects
from data_hub.ledgers.backlog import Backlog
from data_hub.ledgers.covered_versions import version_digest
from data_hub.ledgers.ledger_entry import REJECTED, LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.sql_views.catalog_view import CatalogView
from hub_cli import pipeline_status, status
from hub_cli.lake import Data
from hub_cli.pipeline_status import AirflowStatus, JobRun, PipelineStatus
from hub_cli.runs_watch import FailedTask, RunSummary

START = datetime(2026, 11, 22, 11, tzinfo=UTC)
AIRFLOW = AirflowStatus("http://127.0.0.1:8080", {"scheduler": "healthy"}, is_paused=True)
DEPLOYMENT = Deployment("s3://scripts/c.yaml", "raw", "s3://warehouse/", "none", "arn:aws:iam::1:role/definer")
REJECTED_FILE = SourceObject(key="a.csv", etag="e", size=1, last_modified=START)


def run_of(run_id: str, minute: int | None, *failed: FailedTask) -> RunSummary:
    began = None if minute is None else START + timedelta(minutes=minute)
    return RunSummary("collections", run_id, "success", "arrival", began, began, ("1 file: 2 rows read",), failed)


def status_of(workflow_runs: Sequence[RunSummary] = (), airflow: AirflowStatus | None = AIRFLOW) -> PipelineStatus:
    return PipelineStatus(
        pipeline="collections",
        orchestrator="glue",
        origin="of a test",
        airflow=airflow,
        new=NewObjects([], frozenset(), []),
        jobs_behind=[],
        workflow_runs=workflow_runs,
        job_runs=[JobRun("views", "jr_1", "SUCCEEDED", START, 7)],
        ledger=[],
    )


def printed(found: PipelineStatus, monkeypatch: pytest.MonkeyPatch) -> str:
    text = StringIO()
    monkeypatch.setattr("hub_cli.lake.open_data", _NoData)
    monkeypatch.setattr(pipeline_status, "read", lambda *_: found)
    status.status(Console(file=text, width=200), "collections", as_json=False)
    return text.getvalue()


class _NoData:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_runs_of_the_workflow_are_told_with_what_became_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    rejected = FailedTask("rejected", "b.csv: no header")
    shown = printed(status_of([run_of("wr_0123456789", 0, rejected)]), monkeypatch)
    assert "collections, driven by Glue" in shown
    assert "wr_01234567 arrival, success in 0 s: 1 file: 2 rows read" in shown
    assert "✘ rejected: b.csv: no header" in shown
    assert "views: SUCCEEDED in 7 s" in shown.partition("Last job runs")[2]
    assert "No run yet" not in shown


def test_a_paused_dag_is_no_warning_where_glue_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = printed(status_of(), monkeypatch)
    assert "No run yet" in shown
    assert "paused" not in shown


def test_runs_of_dag_and_workflow_stand_newest_first() -> None:
    by_airflow = replace(AIRFLOW, runs=[run_of("queued", None), run_of("manual", 1)])
    found = status_of([run_of("wr_2", 2), run_of("wr_0", 0)], by_airflow)
    assert [run.run_id for run in found.runs] == ["queued", "wr_2", "manual", "wr_0"]


def entry_of(item: SourceObject) -> LedgerEntry:
    return LedgerEntry(
        key=item.key,
        version_id=None,
        etag=item.etag,
        last_modified=item.last_modified,
        sha256="",
        size=item.size,
        status=REJECTED,
        rows_read=0,
        rows_ingested=0,
        rows_rejected=0,
        message="no header",
        job_run_id="jr_1",
    )


def test_a_rejected_file_that_came_back_from_the_last_runs_folder_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    back = replace(REJECTED_FILE, last_modified=START + timedelta(days=1))
    later = replace(back, key="b.csv")
    versions = frozenset(version_digest(item) for item in (back, later))
    monkeypatch.setattr("data_hub.ledgers.arrivals.new_objects", lambda *_: NewObjects([back, later], versions, []))
    monkeypatch.setattr(pipeline_status, "read_ledger", lambda *_: [entry_of(REJECTED_FILE)])
    monkeypatch.setattr(pipeline_status.view_list, "is_behind", lambda *_: False)
    monkeypatch.setattr(pipeline_status.catalog_view, "read", lambda *_: [])
    data: Any = Data("of the last run", is_running=False, aws=_NoClients())  # type: ignore[arg-type]
    found = pipeline_status.read(PIPELINE, DEPLOYMENT, data, None)
    assert ([item.key for item in found.new.shown], found.new.count) == (["b.csv"], 1)


def view_of(name: str, check: str = "passed", note: str = "") -> CatalogView:
    return CatalogView(name, {}, {}, "collections", note=note, check=check)


def test_views_are_told_in_a_line_and_what_is_missing_in_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    views = [
        view_of("collections_data_view", note="1 series without a report view: 'x y'"),
        view_of("fry15_report_view"),
        view_of("fry9c_report_view", "failed: it has 1 row where the table has 2"),
    ]
    found = replace(status_of(), views=views)
    assert printed(found, monkeypatch).partition("\nViews\n")[2].splitlines() == [
        "3 views, 2 of them checked and in order",
        "✘ fry9c_report_view: check failed: it has 1 row where the table has 2",
        "⚠ collections_data_view: 1 series without a report view: 'x y'",
    ]
    assert found.to_document()["views"]["fry9c_report_view"] == {
        "check": "failed: it has 1 row where the table has 2",
        "misfits": "",
        "note": "",
    }


def test_views_that_have_to_follow_are_told_with_the_command_that_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = replace(status_of(), jobs_behind=["other", "create-views-dual-engine"])
    waiting = printed(found, monkeypatch).partition("Waiting\n")[2].splitlines()
    assert waiting[:2] == [
        "other has yet to follow the table's last commit",
        "create-views-dual-engine has yet to follow the table's last commit; ./hub views --publish does it now",
    ]


@pytest.mark.parametrize(
    ("is_running", "is_behind", "expected"),
    [(True, True, ["other", "views"]), (True, False, ["other"]), (False, True, ["views"]), (False, False, [])],
)
def test_the_views_job_is_behind_only_as_long_as_its_views_are_not_as_defined(
    monkeypatch: pytest.MonkeyPatch, *, is_running: bool, is_behind: bool, expected: list[str]
) -> None:
    """Of the last run's data nobody knows the job runs; the views themselves tell."""
    job = PIPELINE.jobs["create-views-dual-engine"]
    jobs = {"other": job.model_copy(update={"script": "other.py"}), "views": job}
    pipeline = PIPELINE.model_copy(update={"jobs": jobs})
    nothing = NewObjects([], frozenset(), [])
    monkeypatch.setattr("data_hub.ledgers.backlog.read", lambda *_: Backlog(nothing, ["other", "views"]))
    monkeypatch.setattr("data_hub.ledgers.arrivals.new_objects", lambda *_: nothing)
    monkeypatch.setattr(pipeline_status, "read_ledger", lambda *_: [])
    monkeypatch.setattr(pipeline_status.workflows_watch, "last_runs", lambda *_: [])
    monkeypatch.setattr(pipeline_status.view_list, "is_behind", lambda *_: is_behind)
    monkeypatch.setattr(pipeline_status.catalog_view, "read", lambda *_: [])
    monkeypatch.setattr(pipeline_status, "_last_job_runs", lambda *_: [])
    data: Any = Data("of a test", is_running=is_running, aws=_NoClients())  # type: ignore[arg-type]
    found = pipeline_status.read(pipeline, DEPLOYMENT, data, None)
    assert list(found.jobs_behind) == expected


class _NoClients:
    def client(self, _: str) -> None: ...
