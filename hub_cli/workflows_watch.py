"""Workflow runs of the pipelines, as ``hub up`` and ``hub status`` tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from data_hub.ingestion.ingest import summarise
from data_hub.ledgers.ledger_entry import AWAITING_CORRECTION
from data_hub.sql_views import views_summary
from hub_cli import cloudwatch_log
from hub_cli.cloudwatch_log import OUTPUT_GROUP
from hub_cli.outcome import read_ledger
from hub_cli.runs_watch import FailedTask, RunSummary
from local_aws.deploy import deployment_of
from local_aws.deploy_jobs import VIEWS_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.pipelines.pipeline import Pipeline

_RUN_ID = "--WORKFLOW_RUN_ID"
_RUNNING = "RUNNING"


class WorkflowsWatch:
    """Finds workflow runs that began or ended since the last look.

    Args:
        pipelines: what is deployed; those that Airflow drives are passed over.
    """

    def __init__(self, pipelines: Sequence[Pipeline]) -> None:
        self._glue: Any = boto3.client("glue")
        self._pipelines = [pipeline for pipeline in pipelines if pipeline.orchestrator == "glue"]
        # Id of a workflow run to whether its end was told.
        self._told: dict[str, bool] = {}

    def look(self) -> Iterator[RunSummary]:
        """Yield each run that began and each that ended.

        Raises:
            ClientError: Glue could not answer.
        """
        for pipeline in self._pipelines:
            for run in _runs(self._glue, pipeline):
                run_id, has_ended = run["WorkflowRunId"], run["Status"] != _RUNNING
                if run_id not in self._told:
                    self._told[run_id] = False
                    yield _begun(run)
                if has_ended and not self._told[run_id]:
                    yield _ended(self._glue, pipeline, run)
                    self._told[run_id] = True


def last_runs(glue: Any, pipeline: Pipeline, count: int) -> list[RunSummary]:
    """Return the last workflow runs of a pipeline, newest first.

    Args:
        glue: a client for Glue.
        pipeline: the pipeline, by whomever it is driven.
        count: how many at most.

    Raises:
        ClientError: Glue could not answer.
    """
    newest = reversed(_runs(glue, pipeline)[-count:])
    return [_begun(run) if run["Status"] == _RUNNING else _ended(glue, pipeline, run) for run in newest]


def _runs(glue: Any, pipeline: Pipeline) -> list[Any]:
    """Return the workflow's runs, oldest first."""
    pages = glue.get_paginator("get_workflow_runs").paginate(Name=pipeline.pipeline)
    return sorted((run for page in pages for run in page["Runs"]), key=lambda run: run["StartedOn"])


def _begun(run: Any) -> RunSummary:
    return _summary(run, "running")


def _ended(glue: Any, pipeline: Pipeline, run: Any) -> RunSummary:
    job_runs = {job: _job_runs(glue, job, run["WorkflowRunId"]) for job in pipeline.jobs}
    failed = [
        FailedTask(job, f"{job_run['JobRunState']}: {job_run.get('ErrorMessage', 'without a message')}")
        for job, runs in job_runs.items()
        for job_run in runs
        if job_run["JobRunState"] != "SUCCEEDED"
    ]
    if not_started := run["Statistics"]["ErroredActions"]:
        failed.append(FailedTask("workflow", f"jobs that could not be started: {not_started}"))
    entries = _entries(pipeline, {job_run["Id"] for runs in job_runs.values() for job_run in runs})
    # As in the DAG, a rejected file is told and does not fail the run.
    rejected = [
        FailedTask("rejected", f"{entry.key}: {entry.message}")
        for entry in entries
        if entry.status in AWAITING_CORRECTION
    ]
    summaries = [summarise(entries)] if entries else []
    summaries += _views_summaries(pipeline, job_runs)
    return _summary(run, "failed" if failed else "success", tuple(summaries), (*failed, *rejected))


def _job_runs(glue: Any, job: str, workflow_run: str) -> list[Any]:
    runs = glue.get_job_runs(JobName=job)["JobRuns"]
    return [run for run in runs if run.get("Arguments", {}).get(_RUN_ID) == workflow_run]


def _views_summaries(pipeline: Pipeline, job_runs: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what the runs of jobs that publish views say of them at their end."""
    runs = [run for job, found in job_runs.items() if pipeline.jobs[job].script == VIEWS_SCRIPT for run in found]
    logs = boto3.client("logs") if runs else None
    said = [views_summary.of_output(cloudwatch_log.lines(logs, OUTPUT_GROUP, [run["Id"]])) for run in runs]
    return [line for line in said if line]


def _entries(pipeline: Pipeline, job_run_ids: set[str]) -> list[LedgerEntry]:
    """Return what job runs wrote into the ledger, as far as no later run has replaced it."""
    deployment = deployment_of(Path(f"{pipeline.pipeline}.yaml"), pipeline)
    return [entry for entry in read_ledger(pipeline, deployment) if entry.job_run_id in job_run_ids]


def _summary(run: Any, state: str, summaries: tuple[str, ...] = (), failed: tuple[FailedTask, ...] = ()) -> RunSummary:
    return RunSummary(
        dag=run["Name"],
        run_id=run["WorkflowRunId"],
        state=state,
        started_by=run.get("WorkflowRunProperties", {}).get("started_by", "by hand"),
        began=run["StartedOn"],
        ended=run.get("CompletedOn"),
        summaries=summaries,
        failed=failed,
    )
