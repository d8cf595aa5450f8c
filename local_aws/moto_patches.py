"""Every change that we make to moto; each has a test that shows what moto does without it.

The names that are replaced are moto's private ones: ``install`` fails when one of them is gone, and when moto has
learnt what we add.
"""

import functools
import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.glue import models
from moto.glue.exceptions import ConcurrentRunsExceededException, GlueClientError
from moto.glue.models import FakeJob, FakeJobRun, GlueBackend
from moto.glue.responses import GlueResponse
from moto.logs.models import LogsBackend

from local_aws import job_events, table_optimizers, workflow_patches
from local_aws.job_run_state import JobRunState
from local_aws.job_runner import LOG_GROUP, JobRunner, JobRunRequest
from local_aws.patching import LOCK, add, replace
from local_aws.workflow_run import ChainRun

# Glue's default for jobs of version 5 and later.
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
DEFAULT_TIMEOUT_MINUTES = 480


def install(runner: JobRunner) -> None:
    """Patch moto in this process.

    Args:
        runner: executes the job runs.

    Raises:
        RuntimeError: moto is not the version that these patches are made for.
    """
    replace(models, "FakeJobRun", lambda _: LocalJobRun)
    replace(GlueBackend, "start_job_run", functools.partial(_start_job_run, runner))
    replace(FakeJob, "get_job_runs", _newest_first)
    replace(GlueBackend, "create_table", _one_at_a_time)
    replace(GlueResponse, "update_table", _update_table)
    replace(LogsBackend, "put_log_events", _one_at_a_time)
    replace(BaseResponse, "call_action", _name_the_gap)
    add(GlueResponse, "batch_stop_job_run", _batch_stop_job_run)
    add(GlueResponse, "update_job", _update_job)
    workflow_patches.install()
    table_optimizers.install()


class NotEmulatedError(ServiceException):  # type: ignore[misc]
    """A call that neither moto nor a patch answers."""

    code = "NotImplementedException"

    def __init__(self, service: str, gap: str) -> None:
        super().__init__(f"The local AWS does not emulate this call of {service}: {gap}")


class LocalJobRun(FakeJobRun):  # type: ignore[misc]
    """A job run whose state is what happened; moto's says SUCCEEDED after the first look."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = JobRunState()
        self.glue_version: str | None = None
        self.chain: ChainRun | None = None
        self.trigger_name: str | None = None
        self.predecessors: list[dict[str, str]] = []

    @property
    def status(self) -> str:
        """The state's name; moto reads it from here."""
        return self.state.name

    def advance(self) -> None:
        """Do nothing: looking at a run does not move it on."""

    def as_dict(self) -> dict[str, Any]:
        """Return the JobRun structure of GetJobRun."""
        answer: dict[str, Any] = super().as_dict()
        completed_on = self.state.completed_on
        end = completed_on or datetime.now(UTC)
        answer |= {
            "ExecutionTime": int((end.replace(tzinfo=None) - self.started_on).total_seconds()),
            "CompletedOn": completed_on,
            "LastModifiedOn": completed_on or self.started_on,
            "LogGroupName": LOG_GROUP,
            "GlueVersion": self.glue_version,
            "ErrorMessage": self.state.error_message,
            "TriggerName": self.trigger_name,
            "PredecessorRuns": self.predecessors,
        }
        return {name: value for name, value in answer.items() if value is not None}


def _start_job_run(runner: JobRunner, original: Callable[..., str]) -> Callable[..., str]:
    """Run the script, and count and start in one step so that MaxConcurrentRuns holds."""

    @functools.wraps(original)
    def start_job_run(backend: Any, name: str, *args: Any, **kwargs: Any) -> str:
        with LOCK:
            job = backend.get_job(name)
            live = sum(run.state.is_live for run in job.job_runs)
            if live >= job.execution_property.get("MaxConcurrentRuns", 1):
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {name}")
            run_id = original(backend, name, *args, **kwargs)
            run = job.job_runs[-1]
            run.glue_version = job.glue_version
        request = JobRunRequest(
            job_name=name,
            run_id=run_id,
            script_location=job.command["ScriptLocation"],
            arguments=run.arguments,
            timeout_minutes=run.timeout or DEFAULT_TIMEOUT_MINUTES,
            role=job.role,
        )
        runner.start(request, run.state, functools.partial(_job_run_ended, backend, run))
        return run_id

    return start_job_run


def _job_run_ended(backend: Any, run: LocalJobRun) -> None:
    try:
        job_events.put_state_change(run)
    finally:
        # The lock: who starts a run for a chain tells the run so before it gives the lock back.
        with LOCK:
            if run.chain:
                run.chain.advance(backend)


def _newest_first(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """List the runs of a job as https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRuns.html says."""

    @functools.wraps(original)
    def get_job_runs(job: Any) -> list[Any]:
        return list(reversed(original(job)))

    return get_job_runs


def _batch_stop_job_run(response: Any) -> ActionResult:
    """Stop runs of a job: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchStopJobRun.html."""
    job = response.glue_backend.get_job(response.parameters["JobName"])
    runs = {run.job_run_id: run for run in job.job_runs}
    answer: dict[str, list[dict[str, Any]]] = {"SuccessfulSubmissions": [], "Errors": []}
    for run_id in response.parameters["JobRunIds"]:
        entry = {"JobName": job.name, "JobRunId": run_id}
        if run_id not in runs:
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Job run {run_id} not found."}
            answer["Errors"].append(entry | {"ErrorDetail": detail})
        elif runs[run_id].state.request_stop():
            answer["SuccessfulSubmissions"].append(entry)
        else:
            message = f"Job run {run_id} is {runs[run_id].status} and cannot be stopped."
            detail = {"ErrorCode": "InvalidInputException", "ErrorMessage": message}
            answer["Errors"].append(entry | {"ErrorDetail": detail})
    return ActionResult(answer)


def _update_job(response: Any) -> ActionResult:
    """Overwrite a job's definition and keep its runs.

    https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html
    """
    name, update = response.parameters["JobName"], response.parameters["JobUpdate"]
    backend = response.glue_backend
    with LOCK:
        before = backend.get_job(name)
        names = [parameter for parameter in inspect.signature(backend.create_job).parameters if parameter != "name"]
        backend.create_job(name=name, **{key: update.get(key.title().replace("_", "")) for key in names})
        after = backend.get_job(name)
        after.job_runs, after.created_on = before.job_runs, before.created_on
    return ActionResult({"JobName": name})


def _update_table(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse an update of a version that is no longer the current one: Iceberg's optimistic lock."""

    @functools.wraps(original)
    def update_table(response: Any) -> Any:
        parameters = response.parameters
        expected = parameters.get("VersionId")
        with LOCK:
            table = response.glue_backend.get_table(parameters["DatabaseName"], parameters["TableInput"]["Name"])
            current = table.as_dict()["VersionId"]
            if expected is not None and expected != current:
                raise GlueClientError(
                    "ConcurrentModificationException",
                    f"Update table failed due to concurrent modifications: version {expected} is not {current}.",
                )
            return original(response)

    return update_table


def _name_the_gap(original: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a call that moto lacks with an error that names it; moto's bare HTTP 500 makes clients try again."""

    @functools.wraps(original)
    def call_action(response: Any) -> Any:
        try:
            return original(response)
        except NotImplementedError as gap:
            return response.serialized(ActionResult(NotEmulatedError(response.service_name, str(gap))))

    return call_action


def _one_at_a_time(original: Callable[..., Any]) -> Callable[..., Any]:
    """Serialise a method that reads and then writes without a lock."""

    @functools.wraps(original)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return original(*args, **kwargs)

    return locked
