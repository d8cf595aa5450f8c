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
from data_hub.ledgers.covered_versions import version_digest
from data_hub.ledgers.ledger_entry import REJECTED, LedgerEntry
from hub_cli import pipeline_status, status
from hub_cli.lake import Data
from hub_cli.pipeline_status import AirflowStatus, JobRun, PipelineStatus
from hub_cli.runs_watch import FailedTask, RunSummary

START = datetime(2026, 11, 22, 11, tzinfo=UTC)
AIRFLOW = AirflowStatus("http://127.0.0.1:8080", {"scheduler": "healthy"}, is_paused=True)
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
    data: Any = Data("of the last run", is_running=False, aws=_NoClients())  # type: ignore[arg-type]
    found = pipeline_status.read(PIPELINE, None, data, None)  # type: ignore[arg-type]
    assert ([item.key for item in found.new.shown], found.new.count) == (["b.csv"], 1)


class _NoClients:
    def client(self, _: str) -> None: ...
