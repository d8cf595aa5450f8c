"""Runs Lambda functions without Docker: one process for each call, with the code that was uploaded."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_aws.environment import client, client_environment, without_foreign
from local_aws.job_log import JobLog
from local_aws.job_run import LOG_SECONDS, WRAPPER, end_group

CHILD = Path(__file__).with_name("lambda_child.py")


@dataclass(frozen=True)
class Answer:
    """What a call gave.

    Attributes:
        payload: what the handler returned, or the description of its error; as JSON.
        errored: it failed.
    """

    payload: str
    errored: bool


class LambdaRunner:
    """Calls functions; their processes end with the server (see ``job_wrapper``)."""

    def __init__(self, endpoint: str, directory: Path) -> None:
        """Prepare to call functions.

        Args:
            endpoint: the local AWS, for the functions and for their logs.
            directory: for their code; emptied, as a killed server leaves some behind.
        """
        self._endpoint = endpoint
        self._directory = directory
        self._logs: dict[str, Any] = {}
        self._lock = threading.Lock()
        shutil.rmtree(directory, ignore_errors=True)

    def call(self, function: Any, event: Any) -> Answer:
        """Call a function and wait for its answer.

        Args:
            function: moto's function.
            event: what can be written as JSON.
        """
        request_id = str(uuid.uuid4())
        scratch = self._directory / request_id
        code = scratch / "code"
        code.mkdir(parents=True)
        try:
            zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(code)
            (scratch / "event").write_text(json.dumps(event), encoding="utf-8")
            error = self._run(function, request_id, scratch)
            if error is None and (scratch / "answer").exists():
                answer = json.loads((scratch / "answer").read_text(encoding="utf-8"))
                return Answer(json.dumps(answer["payload"]), answer["errored"])
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        kind, message = error or ("Runtime.ExitError", "Runtime exited without providing a reason")
        description = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}
        return Answer(json.dumps(description), errored=True)

    def _run(self, function: Any, request_id: str, scratch: Path) -> tuple[str, str] | None:
        """Run the handler to its end, and return the type and the message of an error that is not its own."""
        files = (scratch / "error-message", CHILD, scratch / "event", scratch / "answer")
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", WRAPPER, *files, str(function.timeout), request_id],
            # The wrapper reads its end of this pipe: end of file means that the server is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=scratch / "code",
            env=self._environment(function, scratch / "code"),
            start_new_session=True,
        )
        with process, self._log(function, request_id).copying(process.stdout, LOG_SECONDS):
            try:
                process.wait(function.timeout)
            except subprocess.TimeoutExpired:
                return "Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds"
            finally:
                end_group(process)
        return None

    def _log(self, function: Any, request_id: str) -> JobLog:
        with self._lock:
            if function.role not in self._logs:
                self._logs[function.role] = client("logs", self._endpoint, function.role)
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{request_id.replace('-', '')}"
        return JobLog(self._logs[function.role], function.logs_group_name, stream)

    def _environment(self, function: Any, code: Path) -> dict[str, str]:
        return {
            **without_foreign(os.environ),
            **client_environment(self._endpoint, function.role),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(code),
            "PYTHONPATH": str(code),
            "_HANDLER": function.handler,
            **function.environment_vars,
        }
