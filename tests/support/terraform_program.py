"""Terraform and the AWS provider, wherever this machine has them."""

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from collections_pipeline import ROOT

from local_aws.environment import without_foreign

PROVIDER = "registry.terraform.io/hashicorp/aws"
LOCK_FILE = ROOT / "terraform" / ".terraform.lock.hcl"
# What the registry gave is kept here for the next time.
DOWNLOADED = ROOT / ".hub" / "terraform-providers"
LIKELY = (DOWNLOADED, Path.home() / ".terraform.d", Path("/usr/share/terraform"), Path("/usr/local/share/terraform"))
# Nothing to find there, or too much to look at.
SKIPPED = {"proc", "sys", "dev", "run", "lost+found", "node_modules", "site-packages", "__pycache__", ".git"}
SEARCH_SECONDS = 20.0
DOWNLOAD_SECONDS = 300.0


@dataclass(frozen=True)
class TerraformProgram:
    """What a Terraform run needs of the machine.

    Attributes:
        path: the program.
        mirror: a folder that holds registry.terraform.io/hashicorp/aws.
    """

    path: str
    mirror: Path

    @classmethod
    def find_or_skip(cls) -> "TerraformProgram":
        """Return it, or skip the test; where CI is set, a test that cannot run fails."""
        found = _find()
        if isinstance(found, cls):
            return found
        if os.environ.get("CI"):
            pytest.fail(str(found), pytrace=False)
        pytest.skip(str(found))


@functools.cache
def _find() -> TerraformProgram | str:
    """Return Terraform, or what is missing."""
    path = shutil.which("terraform")
    if path is None:
        return "Terraform is not on the PATH: install Terraform 1.9 or later to run the tests of terraform/"
    version = subprocess.run([path, "version", "-json"], capture_output=True, text=True, check=True).stdout
    mirror = _search(_wanted(json.loads(version)["platform"])) or _download(path)
    if mirror is None:
        return f"The provider {PROVIDER} is neither on this disk nor to be had from the registry: tests of terraform/"
    return TerraformProgram(path, mirror)


def _wanted(platform: str) -> str:
    """Return the pattern of the provider's place in a mirror: the version that is locked, for this platform."""
    locked = LOCK_FILE.read_text(encoding="utf-8") if LOCK_FILE.exists() else ""
    version = re.search(rf'"{PROVIDER}".*?version\s*=\s*"([^"]+)"', locked, re.DOTALL)
    return f"{PROVIDER}/{version[1] if version else '*'}/{platform}"


def _search(wanted: str) -> Path | None:
    """Look at the likely places, then at the whole disk for some seconds, from the top down."""
    caches = [Path(folder) for folder in (os.environ.get("TF_PLUGIN_CACHE_DIR"),) if folder]
    for start in (*caches, *LIKELY, Path("/")):
        for folder in _folders_below(start, time.monotonic() + SEARCH_SECONDS):
            if any(folder.glob(wanted)):
                return folder
    return None


def _folders_below(start: Path, deadline: float) -> Iterator[Path]:
    """List the folders that hold a folder of the registry's name."""
    waiting = deque([str(start)])
    while waiting and time.monotonic() < deadline:
        try:
            with os.scandir(waiting.popleft()) as entries:
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        for folder in folders:
            if folder.name == Path(PROVIDER).parts[0]:
                yield Path(folder.path).parent
            elif folder.name not in SKIPPED:
                waiting.append(folder.path)


def _download(path: str) -> Path | None:
    """Take the provider from the registry; Terraform keeps it in the layout of a mirror."""
    DOWNLOADED.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DOWNLOADED.parent) as folder:
        for file in (ROOT / "terraform" / "versions.tf", LOCK_FILE):
            if file.exists():
                shutil.copy(file, folder)
        try:
            subprocess.run(
                [path, f"-chdir={folder}", "init", "-backend=false", "-input=false"],
                env=without_foreign(os.environ),
                capture_output=True,
                check=True,
                timeout=DOWNLOAD_SECONDS,
            )
            (Path(folder) / ".terraform" / "providers").rename(DOWNLOADED)
        except (subprocess.SubprocessError, OSError):
            # Another test process may have been faster.
            return DOWNLOADED if DOWNLOADED.exists() else None
    return DOWNLOADED
