"""The library as Glue gets it: a zip of data_hub without the part that imports Airflow."""

import io
import zipfile
from pathlib import Path

# The oldest time that a zip can hold: the same files give the same bytes, whenever they were written.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = {"airflow", "__pycache__"}


def build(package: Path) -> bytes:
    """Return the zip.

    Args:
        package: folder of the package data_hub.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            inside = file.relative_to(package)
            if file.is_file() and LEFT_OUT.isdisjoint(inside.parts):
                entry = zipfile.ZipInfo(f"{package.name}/{inside.as_posix()}", TIMESTAMP)
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
