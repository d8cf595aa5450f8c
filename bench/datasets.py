"""The CSV objects of a workload, made once and kept in a folder of the machine's temporary files.

python -m bench.datasets FOLDER ROWS SHUFFLED REJECTS    one object with all rows
python -m bench.datasets FOLDER FILES                    as many objects of about 1 KB
"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from bench import facts
from bench.workload import BATCH_ROWS, HEADER, Workload

PREFIX = "collections-data/"
INGEST_TS = 1_767_000_000
ROWS_OF_SMALL_FILE = 12


def make(folder: Path, workload: Workload) -> None:
    """Write one object with all rows, and beside it what an engine must find in it."""
    path = _path(folder, "rows.csv")
    starts = range(0, workload.rows, BATCH_ROWS)
    with ProcessPoolExecutor(os.cpu_count()) as pool, path.open("wb") as file:
        file.write(f"{HEADER}\n".encode())
        for text in pool.map(partial(_text, workload), starts):
            file.write(text)
    _finish(folder, facts.of_csv(path))


def _text(workload: Workload, start: int) -> bytes:
    return workload.csv_text(start, min(start + BATCH_ROWS, workload.rows))


def make_small_files(folder: Path, files: int) -> None:
    """Write many objects of about 1 KB, each with its header."""
    workload = Workload(files * ROWS_OF_SMALL_FILE)
    lines = b"".join(workload.csv_batches()).splitlines(keepends=True)
    for number in range(files):
        rows = lines[number * ROWS_OF_SMALL_FILE : (number + 1) * ROWS_OF_SMALL_FILE]
        _path(folder, f"part-{number:05}.csv").write_bytes(f"{HEADER}\n".encode() + b"".join(rows))
    whole = folder.with_name(f"{folder.name}.csv")
    whole.write_bytes(f"{HEADER}\n".encode() + b"".join(lines))
    _finish(folder, facts.of_csv(whole))
    whole.unlink()


def facts_of(folder: Path) -> Path:
    """Return the file that says what an engine must find in a folder's objects; it lies beside the folder."""
    return folder.with_name(f"{folder.name}.json")


def _path(folder: Path, name: str) -> Path:
    path = folder / PREFIX / f"ingest_ts={INGEST_TS}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _finish(folder: Path, found: dict[str, object]) -> None:
    facts_of(folder).write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    target, count, *kind = sys.argv[1:]
    if kind:
        make(Path(target), Workload(int(count), kind[0] == "True", float(kind[1])))
    else:
        make_small_files(Path(target), int(count))
