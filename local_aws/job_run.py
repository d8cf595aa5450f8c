"""One Glue job run: the job's script in a process of its own, watched until it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_aws.job_log import JobLog
from local_aws.job_run_state import JobRunState

WRAPPER = Path(__file__).with_name("job_wrapper.py")
POLL_SECONDS = 0.05
TERMINATE_SECONDS = 2.0
LOG_SECONDS = 5.0


@dataclass(frozen=True)
class JobProcess:
    """How to start a job run's process.

    Attributes:
        script: the downloaded script.
        arguments: what the script gets as ``sys.argv``, name to value.
        environment: all of the process's environment variables.
        directory: its working directory.
        timeout_seconds: after them the run ends as TIMEOUT.
        timeout_minutes: the same as the job states it, for the error message.
    """

    script: Path
    arguments: Mapping[str, str]
    environment: Mapping[str, str]
    directory: Path
    timeout_seconds: float
    timeout_minutes: int

    def run(self, state: JobRunState, output: JobLog, error: JobLog) -> None:
        """Run the script to its end and note in ``state`` what became of it."""
        error_file = self.directory / "error-message"
        words = [word for argument in self.arguments.items() for word in argument]
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", str(WRAPPER), str(error_file), str(self.script), *words],
            # The wrapper reads its end of this pipe: end of file means that the server is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.directory,
            env=dict(self.environment),
            start_new_session=True,
        )
        with process:
            state.mark_running()
            with output.copying(process.stdout, LOG_SECONDS), error.copying(process.stderr, LOG_SECONDS):
                interruption = self._await_end(process, state.stop_requested)
        if interruption == "STOPPED":
            state.finish("STOPPED")
        elif interruption == "TIMEOUT":
            state.finish("TIMEOUT", f"The job run exceeded its timeout of {self.timeout_minutes} minutes")
        elif process.returncode == 0:
            state.finish("SUCCEEDED")
        else:
            state.finish("FAILED", _error_message(error_file, error.last_line, process.returncode))

    def _await_end(self, process: subprocess.Popen[bytes], stop_requested: threading.Event) -> str | None:
        deadline = time.monotonic() + self.timeout_seconds
        try:
            while process.poll() is None:
                if stop_requested.is_set():
                    return "STOPPED"
                if time.monotonic() > deadline:
                    return "TIMEOUT"
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
            return None
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started; a Glue worker leaves nothing behind either."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TERMINATE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Both errors say that nothing is left to end; macOS gives the second one for zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _error_message(error_file: Path, last_error_line: str, returncode: int) -> str:
    """Return the uncaught exception; for a script that ended in another way its last words."""
    with contextlib.suppress(FileNotFoundError):
        return error_file.read_text(encoding="utf-8")
    return last_error_line or f"The script ended with exit code {returncode} and no message"
