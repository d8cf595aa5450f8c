"""A copy of the working tree, in which tests run the command line as users do."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from collections_pipeline import ROOT

FOLDERS = ("dags", "examples", "glue_jobs", "hub_cli", "local_aws", "plugins", "requirements", "terraform")
GONE_SECONDS = 20.0


@dataclass(frozen=True)
class Checkout:
    """A copy of the working tree below ``path``."""

    path: Path

    @classmethod
    def copy_to(cls, path: Path) -> "Checkout":
        """Copy the working tree."""
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, path / folder, ignore=shutil.ignore_patterns("__pycache__", "build"))
        return cls(path)

    @property
    def command(self) -> list[str]:
        """The command line's words before its arguments."""
        return [sys.executable, "-m", "hub_cli"]

    def hub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end, without a terminal."""
        return subprocess.run(
            [*self.command, *arguments], cwd=self.path, env=self.environment(), capture_output=True, text=True
        )

    def start_hub(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command line; its output is read from ``stdout``."""
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> list[str]:
        """Return the command lines of all processes that run from this copy."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.path) in process.environ().get("PYTHONPATH", ""):
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def await_no_process(self) -> list[str]:
        """Wait until no process is left; return those that stayed."""
        deadline = time.monotonic() + GONE_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that runs from this copy."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIRFLOW"))}
        return {**inherited, "PYTHONPATH": os.pathsep.join([str(self.path / "plugins"), str(self.path)])}
