"""The zips that Terraform uploads."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from collections_pipeline import ROOT

from terraform import package

ZIPS = ["data_hub.zip", "publish_backlog.zip", "trigger_glue_job.zip"]


def names(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_the_library_is_there_without_the_part_that_needs_airflow() -> None:
    found = names(package.library())
    expected = [path for path in sorted(package.LIBRARY.rglob("*.py")) if "airflow" not in path.parts]
    assert found == sorted(f"data_hub/{path.relative_to(package.LIBRARY).as_posix()}" for path in expected)


def test_nothing_but_python_files_makes_the_library() -> None:
    """Else the zip would have to hold them too."""
    files = [path for path in package.LIBRARY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [path for path in files if path.suffix != ".py"] == []


@pytest.mark.parametrize("name", ["trigger_glue_job", "publish_backlog"])
def test_a_function_finds_all_it_imports_in_its_zip_and_boto3(name: str, tmp_path: Path) -> None:
    (tmp_path / "function.zip").write_bytes(package.function(name))
    script = f"import {name}, data_hub; print({name}.handler.__name__, data_hub.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(tmp_path / "function.zip")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["handler", str(tmp_path / "function.zip" / "data_hub" / "__init__.py")], ran.stderr


def test_time_permissions_and_order_make_no_difference(tmp_path: Path) -> None:
    first, second = {}, {}
    for name in ("b.py", "a.py", "inner/c.py"):
        first[name], second[name] = tmp_path / "1" / name, tmp_path / "2" / name
        for file in (first[name], second[name]):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"name = {name!r}\n")
        os.utime(second[name], (0, 0))
        second[name].chmod(0o700)
    content = package.archive(first)
    assert package.archive(dict(reversed(second.items()))) == content
    second["a.py"].write_text("name = None\n")
    assert package.archive(second) != content


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "terraform" / "package.py")]
    ran = subprocess.run([*command, "--directory", str(tmp_path / "b")], capture_output=True, text=True, check=True)
    assert sorted(file.name for file in (tmp_path / "b").iterdir()) == ZIPS
    for name in ZIPS:
        assert f"{name}  {(tmp_path / 'b' / name).stat().st_size:,} bytes" in ran.stdout
    assert "--directory" in subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
