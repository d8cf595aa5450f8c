"""Terraform in a copy of the repository's files: against the local AWS, or against nothing at all."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collections_pipeline import ROOT
from terraform_program import TerraformProgram

from local_aws.environment import client_environment, without_foreign
from local_aws.process import LocalAws

# What the configuration and its package.py read, besides terraform/ itself.
FOLDERS = ("terraform", "dags", "glue_jobs", "plugins", "requirements")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*", "*.tfvars", "backend.tf", "build")
VARIABLES = "test.auto.tfvars.json"
# The discard port: who forgets to mock a provider talks to nobody.
NOWHERE = "http://127.0.0.1:9"
LIMIT_SECONDS = 300.0
INTERRUPTED_SECONDS = 30.0
# Most of what Terraform does here is to wait.
PARALLELISM = "-parallelism=40"


class TerraformFailed(AssertionError):
    """Terraform's own words on what went wrong."""


@dataclass(frozen=True)
class Terraform:
    """A Terraform configuration in a folder of its own.

    Attributes:
        root: copy of the repository's files.
        folder: the configuration in it.
        program: Terraform and its provider.
        endpoint: URL of the AWS that it works on.
    """

    root: Path
    folder: Path
    program: TerraformProgram
    endpoint: str

    @classmethod
    def copy_to(cls, root: Path, aws: LocalAws | None = None, folder: str = "terraform") -> "Terraform":
        """Copy what the configuration reads, build its zips and initialise it.

        Skips the test when Terraform or its provider cannot be had.

        Args:
            root: an empty or new folder.
            aws: what to work on; without it every call to AWS fails.
            folder: the configuration below the repository, such as ``terraform/examples/minimal``.
        """
        program = TerraformProgram.find_or_skip()
        for name in FOLDERS:
            shutil.copytree(ROOT / name, root / name, ignore=LEFT_OUT, dirs_exist_ok=True)
        terraform = cls(root, root / folder, program, aws.endpoint if aws else NOWHERE)
        terraform.package()
        terraform.run("init", "-input=false", f"-plugin-dir={program.mirror}")
        return terraform

    def package(self) -> None:
        """Build the zips that the configuration uploads."""
        subprocess.run([sys.executable, self.root / "terraform" / "package.py"], check=True, capture_output=True)

    def validate(self) -> None:
        """Check the configuration."""
        self.run("validate")

    def plan(self, variables: Mapping[str, Any] | None = None) -> list[str]:
        """Return the addresses of what an apply would change; of an output ``output.NAME``.

        Args:
            variables: values for this and for all later commands; None keeps those of before.
        """
        self._set(variables)
        self.run("plan", "-input=false", PARALLELISM, "-out=test.tfplan")
        plan = json.loads(self.run("show", "-json", "test.tfplan"))
        changes = [(change["address"], change["change"]) for change in plan.get("resource_changes", [])]
        changes += [(f"output.{name}", change) for name, change in plan.get("output_changes", {}).items()]
        return [address for address, change in changes if change["actions"] != ["no-op"]]

    def apply(self, variables: Mapping[str, Any] | None = None) -> None:
        """Make it so; ``variables`` as in ``plan``."""
        self._set(variables)
        self.run("apply", "-input=false", "-auto-approve", PARALLELISM)

    def destroy(self) -> None:
        """Remove everything."""
        self.run("destroy", "-input=false", "-auto-approve", PARALLELISM)

    def output(self) -> dict[str, Any]:
        """Return the values of the outputs."""
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    def resources(self) -> list[str]:
        """Return the addresses in the state."""
        return self.run("state", "list").split()

    def run(self, command: str, *arguments: str, limit_seconds: float = LIMIT_SECONDS) -> str:
        """Run any Terraform command and return what it printed.

        Args:
            command: such as ``test``.
            arguments: its options.
            limit_seconds: after them it is interrupted: a gap in the local AWS makes the provider try for ever.

        Raises:
            TerraformFailed: it did not succeed; the text has its messages.
        """
        words = [self.program.path, f"-chdir={self.folder}", command, *arguments]
        if command not in ("output", "show", "state"):
            words.append("-no-color")
        process = subprocess.Popen(
            words,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                printed, errors = process.communicate(timeout=limit_seconds)
            except subprocess.TimeoutExpired:
                printed, errors = _interrupt(process)
                errors += f"Interrupted: it took longer than {limit_seconds:.0f} seconds"
            finally:
                _kill(process)
        if process.returncode:
            raise TerraformFailed(f"terraform {command} failed:\n{printed[-1500:]}\n{errors[-8000:]}")
        return printed

    def _set(self, variables: Mapping[str, Any] | None) -> None:
        if variables is not None:
            (self.folder / VARIABLES).write_text(json.dumps(variables), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in without_foreign(os.environ).items() if not name.startswith("TF_")}
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": os.devnull}
        return inherited | client_environment(self.endpoint) | quiet


def _interrupt(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Let Terraform cancel what its provider does, so that it says where it hung."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=INTERRUPTED_SECONDS)
    except subprocess.TimeoutExpired:
        _kill(process)
        return process.communicate()


def _kill(process: "subprocess.Popen[str]") -> None:
    """End Terraform and its provider, if they still run."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
