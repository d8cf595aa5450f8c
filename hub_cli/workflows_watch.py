"""Workflow runs of the pipelines that Glue drives, as ``hub up`` tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

from hub_cli.runs_watch import FailedTask, RunSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_hub.pipeline import Pipeline

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
            runs = self._glue.get_workflow_runs(Name=pipeline.pipeline)["Runs"]
            for run in sorted(runs, key=lambda run: run["StartedOn"]):
                run_id, has_ended = run["WorkflowRunId"], run["Status"] != _RUNNING
                if run_id not in self._told:
                    self._told[run_id] = False
                    yield _summary(run, "running")
                if has_ended and not self._told[run_id]:
                    yield self._end(pipeline, run)
                    self._told[run_id] = True

    def _end(self, pipeline: Pipeline, run: Any) -> RunSummary:
        failed = [task for job in pipeline.jobs for task in self._failures(job, run["WorkflowRunId"])]
        if not_started := run["Statistics"]["ErroredActions"]:
            failed.append(FailedTask("workflow", f"jobs that could not be started: {not_started}"))
        return _summary(run, "failed" if failed else "success", tuple(failed))

    def _failures(self, job: str, workflow_run: str) -> list[FailedTask]:
        return [
            FailedTask(job, f"{run['JobRunState']}: {run.get('ErrorMessage', 'without a message')}")
            for run in self._glue.get_job_runs(JobName=job)["JobRuns"]
            if run.get("Arguments", {}).get(_RUN_ID) == workflow_run and run["JobRunState"] != "SUCCEEDED"
        ]


def _summary(run: Any, state: str, failed: tuple[FailedTask, ...] = ()) -> RunSummary:
    return RunSummary(
        dag=run["Name"],
        run_id=run["WorkflowRunId"],
        state=state,
        started_by=run.get("WorkflowRunProperties", {}).get("started_by", "by hand"),
        began=run["StartedOn"],
        ended=run.get("CompletedOn"),
        failed=failed,
    )
