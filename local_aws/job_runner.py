"""Runs Glue jobs in processes of their own, and ends them with the server."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from local_aws.environment import client, client_environment, without_foreign
from local_aws.job_files import JobFiles, MissingJobFileError
from local_aws.job_log import JobLog
from local_aws.job_run import JobProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local_aws.job_run_state import JobRunState

LOG_GROUP = "/aws-glue/jobs"
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
LOG_GROUP_ARGUMENT = "--custom-logGroup-prefix"
END_SECONDS = 6.0


@dataclass(frozen=True)
class JobRunRequest:
    """What StartJobRun asked for.

    Attributes:
        job_name: name of the job.
        run_id: id of the run.
        script_location: S3 URI of the script.
        arguments: the job's default arguments, overridden by the run's.
        timeout_minutes: after them the run ends as TIMEOUT.
        role: name or ARN of the role that the run has.
    """

    job_name: str
    run_id: str
    script_location: str
    arguments: Mapping[str, str]
    timeout_minutes: int
    role: str


class JobRunner:
    """Starts job runs in the background; leaving its context ends those that still run."""

    def __init__(self, endpoint: str, directory: Path, minute_seconds: float) -> None:
        """Prepare to run jobs.

        Args:
            endpoint: the local AWS, for the runs and for their files and logs.
            directory: for the runs' scratch folders; emptied, as a killed server leaves some behind.
            minute_seconds: seconds that a minute of a timeout lasts.
        """
        self._endpoint = endpoint
        self._directory = directory
        self._minute_seconds = minute_seconds
        self._clients: dict[tuple[str, str], Any] = {}
        self._clients_lock = threading.Lock()
        self._live: dict[JobRunState, threading.Thread] = {}
        shutil.rmtree(directory, ignore_errors=True)

    def start(self, request: JobRunRequest, state: JobRunState, on_end: Callable[[], None]) -> None:
        """Run a job in the background; ``state`` tells how far it is, and ``on_end`` is called when it has ended."""
        thread = threading.Thread(target=self._run, args=(request, state, on_end), name=request.run_id, daemon=True)
        self._live[state] = thread
        thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        live = dict(self._live)
        for state in live:
            state.request_stop()
        for thread in live.values():
            thread.join(END_SECONDS)

    def _run(self, request: JobRunRequest, state: JobRunState, on_end: Callable[[], None]) -> None:
        scratch = self._directory / request.run_id
        try:
            scratch.mkdir(parents=True)
            self._execute(request, state, scratch)
        except MissingJobFileError as error:
            state.finish("FAILED", str(error))
        # A run that stayed live for ever would hang whoever waits for it, whatever went wrong.
        except Exception as error:
            state.finish("FAILED", f"The local AWS could not run the job: {type(error).__name__}: {error}")
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            del self._live[state]
            on_end()

    def _execute(self, request: JobRunRequest, state: JobRunState, scratch: Path) -> None:
        logs, group = self._client("logs", request.role), request.arguments.get(LOG_GROUP_ARGUMENT, LOG_GROUP)
        output = JobLog(logs, f"{group}/output", request.run_id)
        error = JobLog(logs, f"{group}/error", request.run_id)
        extra_py_files = request.arguments.get("--extra-py-files", "")
        s3 = self._client("s3", request.role)
        files = JobFiles.download(s3, request.script_location, extra_py_files, scratch)
        process = JobProcess(
            script=files.script,
            arguments={
                **request.arguments,
                "--JOB_NAME": request.job_name,
                "--JOB_RUN_ID": request.run_id,
            },
            environment=self._environment(request.role, files.python_path),
            directory=scratch,
            timeout_seconds=request.timeout_minutes * self._minute_seconds,
            timeout_minutes=request.timeout_minutes,
        )
        if state.stop_requested.is_set():
            state.finish("STOPPED")
        else:
            process.run(state, output, error)

    def _environment(self, role: str, python_path: list[Path]) -> dict[str, str]:
        paths = os.pathsep.join(str(path) for path in python_path)
        return without_foreign(os.environ) | client_environment(self._endpoint, role) | {"PYTHONPATH": paths}

    def _client(self, service: str, role: str) -> Any:
        with self._clients_lock:
            if (service, role) not in self._clients:
                self._clients[service, role] = client(service, self._endpoint, role)
            return self._clients[service, role]
