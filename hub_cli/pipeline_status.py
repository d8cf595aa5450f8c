"""How a pipeline stands: what waits, what ran, what became of every file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data_hub.ledgers import arrivals, backlog
from data_hub.ledgers.arrivals import NewObjects
from data_hub.ledgers.covered_versions import version_digest
from data_hub.sql_views import catalog_view
from hub_cli import dag_listing, runs_watch, view_list, workflows_watch
from hub_cli.airflow_api import AirflowApi, NoAnswer, Refused
from hub_cli.outcome import read_ledger
from local_aws.deploy_jobs import VIEWS_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_glue import GlueClient

    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.catalog_view import CatalogView
    from hub_cli.lake import Data
    from hub_cli.runs_watch import RunSummary

SHOWN_RUNS = 5
SHOWN_KEYS = 10
AWAITING_CORRECTION = {"rejected", "unreadable"}


@dataclass(frozen=True)
class AirflowStatus:
    """The Airflow of ``hub up``.

    Attributes:
        url: where it is.
        health: status of each of its parts; empty when it does not answer.
        is_paused: whether the pipeline's DAG is paused.
        import_error: why the DAG's file cannot be imported.
        runs: the DAG's last runs, newest first.
    """

    url: str
    health: Mapping[str, str] = field(default_factory=dict)
    is_paused: bool = False
    import_error: str | None = None
    runs: Sequence[RunSummary] = ()


@dataclass(frozen=True)
class JobRun:
    """The last run of a Glue job."""

    job: str
    job_run_id: str
    state: str
    started_on: datetime
    seconds: int


@dataclass(frozen=True)
class PipelineStatus:
    """How a pipeline stands.

    Attributes:
        pipeline: its name.
        orchestrator: who reacts to arrivals: airflow or glue.
        origin: whose data this is, in words.
        airflow: the running Airflow, None when none runs.
        new: files that wait.
        jobs_behind: jobs that have not followed the table's last commit; the one that publishes views only as long as
            they are not as defined.
        workflow_runs: the last runs of the Glue workflow, newest first.
        job_runs: the last run of each Glue job.
        ledger: the latest entry of each object, by key.
        views: what is published, by name.
    """

    pipeline: str
    orchestrator: str
    origin: str
    airflow: AirflowStatus | None
    new: NewObjects
    jobs_behind: Sequence[str]
    workflow_runs: Sequence[RunSummary]
    job_runs: Sequence[JobRun]
    ledger: Sequence[LedgerEntry]
    views: Sequence[CatalogView] = ()

    @property
    def oldest_wait(self) -> float:
        """Seconds since the oldest of the files that are shown arrived, 0 when none waits."""
        moments = [item.last_modified for item in self.new.shown]
        return (datetime.now(UTC) - min(moments)).total_seconds() if moments else 0.0

    @property
    def runs(self) -> list[RunSummary]:
        """The last runs of DAG and workflow, newest first; those that wait to begin come before all."""
        found = [*self.workflow_runs, *(self.airflow.runs if self.airflow else ())]
        now = datetime.now(UTC)
        return sorted(found, key=lambda run: run.began or now, reverse=True)[:SHOWN_RUNS]

    @property
    def rejected(self) -> list[LedgerEntry]:
        """Rejected files that were neither delivered again nor acknowledged."""
        return [entry for entry in self.ledger if entry.status in AWAITING_CORRECTION]

    def totals(self) -> dict[str, dict[str, int]]:
        """Return ledger status to number of files and of rows."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for entry in self.ledger:
            total = found[entry.status]
            total["files"] += 1
            for name in ("rows_read", "rows_ingested", "rows_rejected"):
                total[name] += getattr(entry, name)
        return {status: dict(total) for status, total in sorted(found.items())}

    def to_document(self) -> dict[str, Any]:
        """Return the document of ``hub status --json``; moments are text in ISO 8601."""
        return {
            "pipeline": self.pipeline,
            "orchestrator": self.orchestrator,
            "of": self.origin,
            "airflow": _airflow_document(self.airflow),
            "waiting": {
                "count": self.new.count,
                "oldest_seconds": round(self.oldest_wait),
                "keys": [item.key for item in self.new.shown],
                "jobs_behind": list(self.jobs_behind),
            },
            "workflow_runs": [_run_document(run) for run in self.workflow_runs],
            "job_runs": [asdict(run) | {"started_on": run.started_on.isoformat()} for run in self.job_runs],
            "ledger": self.totals(),
            "rejected_files": [{"key": entry.key, "message": entry.message} for entry in self.rejected],
            "views": {
                view.name: {"check": view.check, "misfits": view.misfits, "note": view.note} for view in self.views
            },
        }


def read(pipeline: Pipeline, deployment: Deployment, data: Data, airflow_url: str | None) -> PipelineStatus:
    """Look at everything.

    Args:
        pipeline: the pipeline.
        deployment: where it is deployed.
        data: the data to look at; boto3 of this process leads to it.
        airflow_url: the Airflow that runs, None when none does.

    Raises:
        DataHubError: the bucket does not exist.
    """
    # The last run's data come back without job runs, by which one would tell that a job is behind.
    behind = backlog.read(pipeline, deployment).jobs if data.is_running else list(pipeline.jobs)
    publishers = views_jobs(pipeline)
    others = [job for job in behind if job not in publishers] if data.is_running else []
    # ./hub views may have been quicker than the job.
    of_views = [job for job in behind if job in publishers]
    of_views = of_views if of_views and view_list.is_behind(pipeline, deployment) else []
    glue, ledger = data.aws.client("glue"), read_ledger(pipeline, deployment)
    new = arrivals.new_objects(pipeline, deployment)
    return PipelineStatus(
        pipeline=pipeline.pipeline,
        orchestrator=pipeline.orchestrator,
        origin=data.origin,
        airflow=_read_airflow(airflow_url, pipeline.pipeline) if airflow_url else None,
        new=new if data.is_running else _not_in(ledger, new),
        jobs_behind=[*others, *of_views],
        workflow_runs=workflows_watch.last_runs(glue, pipeline, SHOWN_RUNS) if data.is_running else [],
        job_runs=_last_job_runs(glue, pipeline) if data.is_running else [],
        ledger=ledger,
        views=catalog_view.read(glue, deployment.database, pipeline.pipeline),
    )


def views_jobs(pipeline: Pipeline) -> list[str]:
    """Return the jobs that publish views."""
    return [name for name, job in pipeline.jobs.items() if job.script == VIEWS_SCRIPT]


def _not_in(ledger: Sequence[LedgerEntry], new: NewObjects) -> NewObjects:
    """Return what no entry tells of: objects that come back from a folder look as if they were delivered again."""
    known = {(entry.key, entry.etag) for entry in ledger}
    shown = [item for item in new.shown if (item.key, item.etag) not in known]
    return NewObjects(shown, frozenset(version_digest(item) for item in shown), new.missing)


def _read_airflow(url: str, dag: str) -> AirflowStatus:
    api = AirflowApi(url)
    try:
        health, errors, is_paused = api.health(), dag_listing.import_errors(api), dag in dag_listing.paused(api)
    except (NoAnswer, Refused):
        return AirflowStatus(url)
    return AirflowStatus(url, health, is_paused, errors.get(dag), _runs(api, dag))


def _runs(api: AirflowApi, dag: str) -> list[RunSummary]:
    try:
        return [runs_watch.with_details(api, run) for run in runs_watch.last_runs(api, SHOWN_RUNS, dag)]
    except (NoAnswer, Refused):
        return []  # a DAG that could never be imported has no runs


def _last_job_runs(glue: GlueClient, pipeline: Pipeline) -> list[JobRun]:
    found = [(job, glue.get_job_runs(JobName=job, MaxResults=1)["JobRuns"]) for job in pipeline.jobs]
    return [
        JobRun(job, run["Id"], run["JobRunState"], run["StartedOn"], run.get("ExecutionTime", 0))
        for job, runs in found
        for run in runs
    ]


def _airflow_document(airflow: AirflowStatus | None) -> dict[str, Any] | None:
    if airflow is None:
        return None
    return {
        "url": airflow.url,
        "health": dict(airflow.health),
        "paused": airflow.is_paused,
        "import_error": airflow.import_error,
        "runs": [_run_document(run) for run in airflow.runs],
    }


def _run_document(run: RunSummary) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "state": run.state,
        "started_by": run.started_by,
        "began": run.began.isoformat() if run.began else None,
        "seconds": run.seconds,
        "summaries": list(run.summaries),
        "failed": [asdict(task) for task in run.failed],
    }
