"""What a look for new objects costs when 100,000 old ones are there.

    python bench/arrival_watch.py [RUNS] [OBJECTS] [DATA_FILES]

A ledger with an entry for each object lies in the local AWS; the bucket's listing is made up, a thousand keys a page,
and answered without a network. Each figure is taken in a process of its own. Idle is a process that
has looked once, at a bucket and a ledger with a single object.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parent.parent / folder) for folder in (".", "plugins", "tests/support"))

import boto3
from collections_pipeline import PIPELINE
from listed_bucket import LAST_MODIFIED, ListedBucket, etag_of

from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.commit import Commit, append_rows
from data_hub.iceberg.tables import Tables
from data_hub.ledgers.arrivals import Lookout, Watched
from data_hub.ledgers.ledger_entry import INGESTED, LedgerEntry, to_arrow
from data_hub.pipelines.deployment import Deployment
from local_aws.process import LocalAws

DEPLOYMENT = Deployment("s3://none/none.yaml", "raw", "s3://warehouse/", "data_hub", "arn:aws:iam::123456789012:role/x")
SMALL = PIPELINE.table.model_copy(update={"name": "small"})
LOOKS = 5


def main(runs: int, objects: int, data_files: int) -> None:
    """Measure and print medians."""
    with tempfile.TemporaryDirectory() as directory, LocalAws.start(Path(directory)) as aws:
        os.environ.update(aws.environment)
        _make_ledger(aws, objects, data_files)
        timed = [_measured("rss", LOOKS, objects) for _ in range(runs)]
        # Tracing makes a look many times slower, and counts the same each time.
        traced = _measured("python", 1, objects)
    print(f"{objects:,} objects, all of them in a ledger of {data_files} data files; median of {runs} processes")
    print(
        f"listings of the first look, of another:          {_median(timed, 'lists')}, {_median(timed, 'lists_again')}"
    )
    print(f"first look (reads the ledger):                   {_median(timed, 'first'):.1f} s")
    print(f"another look (the ledger did not change):        {_median(timed, 'again'):.1f} s")
    print(f"memory of the idle process:                      {_median(timed, 'idle'):.0f} MB")
    print(f"most memory above it in {LOOKS} looks:                   {_median(timed, 'peak'):.0f} MB")
    print(f"Python's objects in one look (tracemalloc):      {traced['peak']:.0f} MB")


def _make_ledger(aws: LocalAws, objects: int, data_files: int) -> None:
    for bucket in ("raw", "warehouse"):
        aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("glue").create_database(DatabaseInput={"Name": DEPLOYMENT.database})
    for table, keys, files in ((SMALL, _keys(1), 1), (PIPELINE.table, _keys(objects), data_files)):
        tables = Tables.ensure(open_catalog(), DEPLOYMENT, table)
        table_uuid = str(tables.rows.metadata.table_uuid)
        for number in range(files):
            entries = [_entry(key, table_uuid, f"{number:032x}") for key in keys[number::files]]
            append_rows(tables.ledger, to_arrow(entries), Commit.new())


def _keys(objects: int) -> list[str]:
    return [f"{PIPELINE.source.prefix}ingest_ts={1_770_000_000 + number}/mdrm_data.csv" for number in range(objects)]


def _entry(key: str, table_uuid: str, commit_id: str) -> LedgerEntry:
    etag, now = etag_of(key), datetime.now(UTC)
    counts = {"size": 1000, "rows_read": 10, "rows_ingested": 10, "rows_rejected": 0}
    return LedgerEntry(
        key,
        None,
        etag,
        LAST_MODIFIED,
        etag * 2,
        status=INGESTED,
        message="",
        job_run_id=f"jr_{etag * 2}",
        **counts,
        table_uuid=table_uuid,
        commit_id=commit_id,
        sequence_number=1,
        recorded_at=now,
    )


def _measured(kind: str, looks: int, objects: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--look", kind, str(looks), str(objects)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _median(measured: list[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in measured)


def _look(kind: str, looks: int, objects: int) -> dict[str, float]:
    """Take looks in this process, at a single object first."""
    session = boto3.Session()
    boto3.DEFAULT_SESSION = session
    bucket, watched = ListedBucket(session, _keys(1)), Watched.of(PIPELINE)
    Lookout(replace(watched, table=SMALL.name, ledger=SMALL.ledger_name), DEPLOYMENT).look()
    bucket.keys, bucket.calls = _keys(objects), 0
    lookout = Lookout(watched, DEPLOYMENT)
    memory = _PythonMemory() if kind == "python" else _ProcessMemory()
    idle = memory.peak()
    seconds, lists = [], []
    for _ in range(looks):
        began = time.perf_counter()
        if count := lookout.look().count:
            raise AssertionError(f"{count} objects are new")
        seconds.append(time.perf_counter() - began)
        lists.append(bucket.calls)
        bucket.calls = 0
    return {
        "lists": lists[0],
        "lists_again": lists[-1],
        "first": seconds[0],
        "again": statistics.median(seconds[1:] or seconds),
        "idle": idle,
        "peak": memory.peak() - idle,
    }


class _ProcessMemory:
    """Linux only."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak until now

    def peak(self) -> float:
        """Most resident MB that this process had since."""
        status = Path("/proc/self/status").read_text()
        return float(status.partition("VmHWM:")[2].split()[0]) / 1024


class _PythonMemory:
    def __init__(self) -> None:
        tracemalloc.start()

    def peak(self) -> float:
        """Most MB that Python allocated since."""
        return tracemalloc.get_traced_memory()[1] / (1 << 20)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--look"]:
        print(json.dumps(_look(sys.argv[2], *(int(value) for value in sys.argv[3:]))))
    else:
        main(*(int(value) for value in (*sys.argv[1:], *("3", "100000", "100")[len(sys.argv) - 1 :])))
