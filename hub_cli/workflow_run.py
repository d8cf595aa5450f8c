"""A run that Glue drives: uploads wake the Lambda function, it starts the workflow, that runs the jobs."""

import time
from dataclasses import replace
from typing import Any

from data_hub.errors import DataHubError
from data_hub.ledgers.ledger_entry import AWAITING_CORRECTION, LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.pipelines.triggers import LIVE
from data_hub.wording import counted
from hub_cli import cloudwatch_log
from hub_cli.dag_run import TaskEvent
from hub_cli.driven_run import DrivenRun
from hub_cli.locations import RUN_AWS, RUN_LOG, shown
from hub_cli.outcome import read_ledger
from hub_cli.run_progress import SHOWN_ID, Progress
from local_aws.deploy_arrivals import FUNCTION, queue_name
from local_aws.process import LOG_NAME, LocalAws

# Patience with queue and Lambda function, which take two seconds here.
START_SECONDS = 60.0
LOOK_SECONDS = 0.2
_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
# Argument that Glue gives each job run of a workflow run.
_RUN_ID = "--WORKFLOW_RUN_ID"


def drive(aws: LocalAws, pipeline: Pipeline, deployment: Deployment, progress: Progress) -> DrivenRun:
    """Follow what the uploads set off until nothing is left to do, and print each step.

    As in the DAG, a rejected file fails a run whose jobs succeeded.

    Args:
        aws: where the pipeline is deployed, driven by Glue, and the files are.
        pipeline: what runs.
        deployment: where it is.
        progress: where to print.

    Raises:
        DataHubError: no workflow run starts.
    """
    progress.heading(f"Glue workflow {pipeline.pipeline}")
    run = _Run(aws, pipeline, progress)
    try:
        ended = run.follow()
    finally:
        progress.close()
        run.save_logs()
    rejected = [entry for entry in read_ledger(pipeline, deployment) if entry.status in AWAITING_CORRECTION]
    return replace(ended, state="failed", error=_report(ended.error, rejected)) if rejected else ended


class _Run:
    def __init__(self, aws: LocalAws, pipeline: Pipeline, progress: Progress) -> None:
        self._glue, self._sqs, self._logs = aws.client("glue"), aws.client("sqs"), aws.client("logs")
        self._pipeline = pipeline
        self._progress = progress
        self._queue = queue_name(pipeline.pipeline)
        self._queue_url = self._sqs.get_queue_url(QueueName=self._queue)["QueueUrl"]
        self._told: dict[tuple[str, str], TaskEvent] = {}
        self._seen: set[str] = set()
        self._views_seen: float | None = None

    def follow(self) -> DrivenRun:
        with self._progress.step("SQS queue") as step:
            self._await_message()
            step.detail = self._queue
        self._progress.begin(FUNCTION)
        while True:
            # In this order: a message leaves the queue when the run that it started is there.
            waiting, runs = self._waiting(), self._workflow_runs()
            for run in runs:
                self._show(run)
            if all(run["Status"] != "RUNNING" for run in runs):
                ended = self._ended(runs)
                if ended.state == "failed" or not waiting:
                    return ended
                self._await_workflow_run(len(runs))
            time.sleep(LOOK_SECONDS)

    def save_logs(self) -> None:
        """Keep what the Lambda function and the jobs wrote."""
        ids = [event.job_run_id for event in self._told.values() if event.job_run_id]
        cloudwatch_log.save(self._logs, ids, RUN_LOG)

    def _await_message(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._waiting() and not self._workflow_runs():
            if time.monotonic() > deadline:
                raise DataHubError(
                    f"No message of the uploaded files came into the queue {self._queue} within "
                    f"{START_SECONDS:.0f} s: look into {self._server_log()}"
                )
            time.sleep(LOOK_SECONDS)

    def _await_workflow_run(self, known: int) -> None:
        """Wait until the messages in the queue have started one more workflow run, or are done without."""
        if known:
            self._progress.begin(FUNCTION)
        deadline = time.monotonic() + START_SECONDS
        while self._waiting() and len(self._workflow_runs()) == known:
            if error := cloudwatch_log.last_error(self._logs):
                raise DataHubError(f"{FUNCTION} could not start the workflow: {error}. Its log: {shown(RUN_LOG)}")
            if time.monotonic() > deadline:
                raise DataHubError(
                    f"{FUNCTION} started no workflow run within {START_SECONDS:.0f} s, and "
                    f"{counted(self._waiting(), 'message')} wait in {self._queue}: what it decided stands in "
                    f"{shown(RUN_LOG)}, what the local AWS says in {self._server_log()}"
                )
            time.sleep(LOOK_SECONDS)

    def _server_log(self) -> str:
        return shown(RUN_AWS / LOG_NAME)

    def _waiting(self) -> int:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=list(_COUNTS))
        return sum(int(answer["Attributes"][name]) for name in _COUNTS)

    def _workflow_runs(self) -> list[Any]:
        runs: Any = self._glue.get_workflow_runs(Name=self._pipeline.pipeline)["Runs"]
        return sorted(runs, key=lambda run: run["StartedOn"])

    def _show(self, run: Any) -> None:
        """Print what is new of a workflow run."""
        run_id = run["WorkflowRunId"]
        if run_id not in self._seen:
            self._seen.add(run_id)
            files = int(run.get("WorkflowRunProperties", {}).get("objects", 0))
            self._progress.end_begun(f"{counted(files, 'file'):<11} {run_id[:SHOWN_ID]}")
        for job in self._pipeline.jobs:
            event = self._event(job, run_id)
            if event and event != self._told.get((run_id, job)):
                self._told[run_id, job] = event
                self._progress.show(event)
                if event.state == "success":
                    self._views_seen = time.monotonic()

    def _event(self, job: str, workflow_run: str) -> TaskEvent | None:
        told = self._told.get((workflow_run, job))
        if told and told.ended:
            return None
        runs = self._glue.get_job_runs(JobName=job)["JobRuns"]
        found = next((run for run in runs if run.get("Arguments", {}).get(_RUN_ID) == workflow_run), None)
        return _event_of(found) if found else None

    def _ended(self, runs: list[Any]) -> DrivenRun:
        """Return what ended workflow runs came to; jobs that followed none of them are told of too."""
        errors = [_not_started(run) for run in runs if run["Statistics"]["ErroredActions"]]
        tasks = [event for event in self._told.values() if event.ended]
        failed = bool(errors) or any(event.state != "success" for event in tasks)
        if failed:
            missing = [job for job in self._pipeline.jobs if job not in {event.task for event in tasks}]
            tasks += [TaskEvent(job, "upstream_failed", job=job) for job in missing]
            for event in tasks[len(tasks) - len(missing) :]:
                self._progress.show(event)
        return DrivenRun("failed" if failed else "success", tasks, "\n".join(errors) or None, self._views_seen)


def _event_of(run: Any) -> TaskEvent:
    """Return what a job run does, in the words that a DAG's task has for it."""
    job, state = run["JobName"], run["JobRunState"]
    if state in LIVE:
        return TaskEvent(job, "running", job=job, job_run_id=run["Id"])
    done = state == "SUCCEEDED"
    return TaskEvent(
        job,
        "success" if done else "failed",
        seconds=(run["CompletedOn"] - run["StartedOn"]).total_seconds(),
        error=None
        if done
        else f"Glue job run {run['Id']} ended {state}: {run.get('ErrorMessage', 'without a message')}",
        job=job,
        job_run_id=run["Id"],
        glue_state=state,
    )


def _report(error: str | None, rejected: list[LedgerEntry]) -> str:
    lines = [error] if error else []
    lines.append(f"{counted(len(rejected), 'file')} rejected, with nothing of it in the table")
    return "\n".join([*lines, *(f"  {entry.key}: {entry.message}" for entry in rejected)])


def _not_started(run: Any) -> str:
    actions = counted(run["Statistics"]["ErroredActions"], "job")
    return f"{actions} of workflow run {run['WorkflowRunId']} could not be started: look whether another run was live"
