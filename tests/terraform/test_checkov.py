"""checkov on the Terraform module: nothing is found but what terraform/.checkov.yaml accepts, each with its reason."""

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from collections_pipeline import ROOT

CONFIG = ROOT / "terraform" / ".checkov.yaml"
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terraform"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installed() -> None:
    """Have checkov in its own environment, with one process installing it."""
    lock = ROOT / ".hub" / "checkov.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.run([ROOT / "requirements" / "install", "checkov"], check=True)


def findings(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Run checkov in an empty folder and return id and resource of each failed check."""
    words = [CHECKOV, "--directory", ROOT / "terraform", "--config-file", CONFIG, "--output", "json", "--soft-fail"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "CHECKOV_"))}
    printed = subprocess.run(
        [*words, *options], cwd=folder, env=quiet, capture_output=True, text=True, check=True
    ).stdout
    report = json.loads(printed)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 50
    for check in report["results"]["failed_checks"]:
        yield check["check_id"], check["resource"]


def accepted() -> list[str]:
    return list(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["skip-check"])


def test_nothing_is_found_that_is_not_accepted(installed: None, tmp_path: Path) -> None:
    assert sorted(findings(tmp_path)) == []


def test_nothing_is_accepted_that_is_not_found(installed: None, tmp_path: Path) -> None:
    found = {check for check, _ in findings(tmp_path, "--skip-check", "CKV_AWS_0")}  # no check has this id
    assert set(accepted()) - found == set()


def test_everything_that_is_accepted_has_its_reason() -> None:
    entries = [line for line in CONFIG.read_text(encoding="utf-8").splitlines() if re.match(r"  - CKV", line)]
    assert len(entries) == len(accepted())
    for entry in entries:
        assert re.fullmatch(r"  - CKV2?_AWS_\d+  # \S.{30,}", entry), entry
