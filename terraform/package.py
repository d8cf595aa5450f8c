"""Builds what Terraform uploads as zip files: the library for the Glue jobs, and the Lambda functions.

    python3 terraform/package.py

The same files give the same bytes, whatever the time, the machine and the permissions of the files: Terraform sees a
change where there is one, and nowhere else.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
LIBRARY = HERE.parent / "plugins" / "data_hub"
LAMBDA = HERE / "lambda"

# The oldest time that a zip can hold.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE = 0o100644
_LEFT_OUT = {"airflow", "__pycache__"}
# Lambda function to the modules beside its own.
_MODULES = {
    "trigger_glue_job": ("job_runs.py", "pipelines.py", "remaining.py", "s3_events.py"),
    "publish_backlog": ("job_runs.py", "pipelines.py"),
}
# What the Lambda functions take from the library: one implementation decides which keys fit a pattern.
_TAKEN_FROM_LIBRARY = ("__init__.py", "key_pattern.py")


def library() -> bytes:
    """Return the zip of the library for Glue: data_hub without the part that imports Airflow."""
    return archive({f"data_hub/{name}": LIBRARY / name for name in _modules(LIBRARY)})


def function(name: str) -> bytes:
    """Return the zip of a Lambda function.

    Args:
        name: its module in terraform/lambda/.
    """
    files = {module: LAMBDA / module for module in (f"{name}.py", *_MODULES[name])}
    return archive({**files, **{f"data_hub/{module}": LIBRARY / module for module in _TAKEN_FROM_LIBRARY}})


def archive(files: Mapping[str, Path]) -> bytes:
    """Return a zip.

    Args:
        files: name in the zip to file.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIMESTAMP)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE << 16
            # Not compressed: two versions of zlib make different bytes of the same file.
            entry.compress_type = zipfile.ZIP_STORED
            target.writestr(entry, files[name].read_bytes())
    return buffer.getvalue()


def _modules(package: Path) -> Iterable[str]:
    inside = (file.relative_to(package) for file in package.rglob("*.py"))
    return (name.as_posix() for name in inside if _LEFT_OUT.isdisjoint(name.parts))


def build(directory: Path) -> list[Path]:
    """Write all zips.

    Args:
        directory: where to; it is made when it is missing.

    Returns:
        The files.
    """
    contents = {"data_hub.zip": library(), **{f"{name}.zip": function(name) for name in _MODULES}}
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def main() -> None:
    """Build the zips and say what was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, default=BUILD, help="where to write them (default: terraform/build)")
    for file in build(parser.parse_args().directory):
        print(f"{file}  {file.stat().st_size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
