"""dlt: its default CSV reader, which hands on Python objects."""

import sys
from pathlib import Path

from bench import iceberg
from bench.engines.dlt_arrow import run, settings

TEXTS = {name: str for name in iceberg.TYPES if name not in {"rssdid", "submission_ts"}}


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    settings(home)
    from dlt.sources.filesystem import filesystem, read_csv

    objects = filesystem(bucket_url=folder.as_uri(), file_glob="**/*.csv")
    run(home, (objects | read_csv(dtype=TEXTS, keep_default_na=False)).add_map(_with_types))


def _with_types(row: dict[str, object]) -> dict[str, object]:
    text = str(row["aod"])
    row["aod"] = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return {name: None if value == "" else value for name, value in row.items()}


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
