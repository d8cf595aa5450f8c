"""What ``hub up`` and ``hub status`` tell of workflow runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from collections_pipeline import ROOT
from stubbed_calls import RefusedError, StubbedCalls

from data_hub.ledgers.ledger_entry import INGESTED, REJECTED, LedgerEntry
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from hub_cli.runs_watch import RunSummary
from hub_cli.workflows_watch import WorkflowsWatch, last_runs

START = datetime(2026, 11, 22, tzinfo=UTC)
INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"


class Glue:
    """Workflow runs and job runs as they are just now."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.job_runs: list[dict[str, Any]] = []
        self.ledger: list[LedgerEntry] = []
        self.answers = True
        self.job = INGESTION
        self.stub = StubbedCalls("glue", GetWorkflowRuns=self._runs, GetJobRuns=self._job_runs)

    def _runs(self, params: dict[str, Any]) -> dict[str, Any]:
        # Two at a time show that all pages are read.
        first = int(params.get("NextToken", 0))
        more = {"NextToken": str(first + 2)} if first + 2 < len(self.runs) else {}
        return {"Runs": self.runs[first : first + 2], **more}

    def _job_runs(self, params: dict[str, Any]) -> dict[str, Any]:
        if not self.answers:
            raise RefusedError("ThrottlingException")
        return {"JobRuns": self.job_runs if params["JobName"] == self.job else []}

    def run(self, run_id: str, status: str, *, after: int = 0, errored: int = 0) -> dict[str, Any]:
        run = {
            "Name": "collections",
            "WorkflowRunId": run_id,
            "Status": status,
            "StartedOn": START + timedelta(seconds=after),
            "WorkflowRunProperties": {"started_by": "arrival"},
            "Statistics": {"ErroredActions": errored},
        }
        return run | ({"CompletedOn": START + timedelta(seconds=after + 7)} if status == "COMPLETED" else {})

    def job_run(self, workflow_run: str, state: str) -> dict[str, Any]:
        return {
            "Id": f"jr of {workflow_run}",
            "JobRunState": state,
            "ErrorMessage": "no space",
            "Arguments": {"--WORKFLOW_RUN_ID": workflow_run},
        }


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Glue:
    found = Glue()
    monkeypatch.setattr("hub_cli.workflows_watch.boto3.client", lambda _: found.stub.client)
    monkeypatch.setattr("hub_cli.workflows_watch.read_ledger", lambda *_: found.ledger)
    return found


def entry_of(workflow_run: str, key: str, status: str, message: str = "") -> LedgerEntry:
    rows = 3 if status == INGESTED else 0
    return LedgerEntry(
        key=key,
        version_id=None,
        etag="e",
        last_modified=START,
        sha256="",
        size=1,
        status=status,
        rows_read=rows,
        rows_ingested=rows,
        rows_rejected=0,
        message=message,
        job_run_id=f"jr of {workflow_run}",
    )


def pipeline_of(orchestrator: str = "glue") -> Pipeline:
    pipeline = pipeline_file.load(ROOT / "dags" / "pipelines" / "collections.yaml")
    return pipeline.model_copy(update={"orchestrator": orchestrator})


def watch_of(orchestrator: str = "glue") -> WorkflowsWatch:
    return WorkflowsWatch([pipeline_of(orchestrator)])


def told(watch: WorkflowsWatch) -> list[tuple[str, str]]:
    return [(run.run_id, run.state) for run in watch.look()]


def test_a_run_is_told_when_it_begins_and_when_it_ends(glue: Glue) -> None:
    watch = watch_of()
    assert told(watch) == []
    glue.runs = [glue.run("a", "RUNNING")]
    assert [told(watch), told(watch)] == [[("a", "running")], []]
    glue.runs = [glue.run("b", "COMPLETED", after=9), glue.run("a", "COMPLETED")]
    assert told(watch) == [("a", "success"), ("b", "running"), ("b", "success")]
    assert told(watch) == []


def test_runs_of_all_pages_are_told(glue: Glue) -> None:
    glue.runs = [glue.run(run_id, "RUNNING", after=number) for number, run_id in enumerate("abcde")]
    assert told(watch_of()) == [(run_id, "running") for run_id in "abcde"]


def test_what_failed_is_told_with_its_error(glue: Glue) -> None:
    glue.runs = [glue.run("a", "COMPLETED")]
    glue.job_runs = [glue.job_run("another", "SUCCEEDED"), glue.job_run("a", "FAILED")]
    _, end = watch_of().look()
    assert isinstance(end, RunSummary)
    assert (end.dag, end.state, end.started_by, end.seconds) == ("collections", "failed", "arrival", 7)
    assert [(task.task, task.error) for task in end.failed] == [(INGESTION, "FAILED: no space")]


def test_the_views_job_says_what_it_published(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    glue.job = VIEWS
    glue.runs = [glue.run("a", "COMPLETED")]
    glue.job_runs = [glue.job_run("a", "SUCCEEDED")]
    summary = "7 views: 5 created, 2 unchanged; 1 series without a view"
    output = {"jr of a": ["x_view: created", summary, "another line"]}
    monkeypatch.setattr("hub_cli.cloudwatch_log.lines", lambda _logs, _group, streams: output[streams[0]])
    _, end = watch_of().look()
    assert end.summaries == (summary,)


def test_a_job_that_could_not_be_started_fails_the_run(glue: Glue) -> None:
    glue.runs = [glue.run("a", "COMPLETED", errored=1)]
    assert told(watch_of()) == [("a", "running"), ("a", "failed")]


def test_an_end_that_could_not_be_told_is_told_by_the_next_look(glue: Glue) -> None:
    watch = watch_of()
    glue.runs = [glue.run("a", "COMPLETED")]
    glue.answers = False
    with pytest.raises(Exception, match="ThrottlingException"):
        list(watch.look())
    glue.answers = True
    assert told(watch) == [("a", "success")]


def test_workflows_of_pipelines_that_airflow_drives_are_not_looked_at(glue: Glue) -> None:
    glue.runs = [glue.run("a", "RUNNING")]
    assert told(watch_of("airflow")) == []
    assert glue.stub.calls == []


def test_what_became_of_the_files_is_told_and_a_rejected_one_does_not_fail_the_run(glue: Glue) -> None:
    glue.runs = [glue.run("a", "COMPLETED")]
    glue.job_runs = [glue.job_run("a", "SUCCEEDED")]
    glue.ledger = [
        entry_of("earlier", "x.csv", REJECTED),
        entry_of("a", "y.csv", INGESTED),
        entry_of("a", "z.csv", REJECTED, "no header"),
    ]
    _, end = watch_of().look()
    assert (end.state, end.summaries) == ("success", ("2 files: 3 rows read = 3 ingested + 0 rejected",))
    assert [(task.task, task.error) for task in end.failed] == [("rejected", "z.csv: no header")]


def test_the_last_runs_are_told_newest_first(glue: Glue) -> None:
    glue.runs = [glue.run(f"wr_{n}", "COMPLETED", after=n) for n in range(3)] + [glue.run("wr_3", "RUNNING", after=3)]
    found = last_runs(glue.stub.client, pipeline_of(), 2)
    assert [(run.run_id, run.state) for run in found] == [("wr_3", "running"), ("wr_2", "success")]


def test_a_workflow_run_is_named_by_the_beginning_of_its_id(glue: Glue) -> None:
    glue.runs = [glue.run(f"wr_{'0123456789abcdef' * 4}", "RUNNING")]
    (run,) = watch_of().look()
    assert run.short_id == "wr_01234567"
