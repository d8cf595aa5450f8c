"""How long a file takes from its upload to the views, under a real Airflow: ``./hub up`` with its own settings.

python bench/arrival.py [FILES]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parent.parent / folder) for folder in (".", "plugins", "tests/support"))

from checkout import Checkout
from collections_pipeline import HEADER_V1, row_v1
from hub_up import HubUp, wait_for

from data_hub.iceberg.catalog import open_catalog
from hub_cli import lake
from local_aws.athena import Athena
from local_aws.deploy import DATABASE

VIEW = "collections_data_view"
SECONDS = 120.0


def main(files: int) -> None:
    """Measure and print medians."""
    with tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        with HubUp.running(Checkout.copy_to(Path(directory))) as up:
            healthy = time.monotonic() - began
            lake.use(up.aws)
            wait_for(lambda: up.api.get("dags/~/dagRuns")["dag_runs"], SECONDS, "the first catch-up")
            arrivals = [_seconds_until_in_views(up, number) for number in range(1, files + 1)]
    median, lowest, highest = statistics.median(arrivals), min(arrivals), max(arrivals)
    print(f"start of ./hub up to healthy:   {healthy:.1f} s")
    print(f"end of the upload to the views: {median:.1f} s ({lowest:.1f} to {highest:.1f}), {files} files in turn")


def _seconds_until_in_views(up: HubUp, number: int) -> float:
    wait_for(lambda: _is_idle(up), SECONDS, "an idle Airflow")
    key = f"collections-data/ingest_ts={number}/a.csv"
    up.aws.client("s3").put_object(Bucket="raw", Key=key, Body=HEADER_V1 + row_v1(f"BHCK{number:04}"))
    began = time.time()
    wait_for(lambda: len(_views_made(up)) == number, SECONDS, "the views job")
    rows = Athena(open_catalog(), up.aws.client("glue"), DATABASE).count(VIEW)
    if rows != number:
        raise AssertionError(f"{rows} rows in {VIEW} after {number} files of one row")
    return max(_views_made(up)) - began


def _views_made(up: HubUp) -> list[float]:
    """Return when each run of the views job ended, in epoch seconds."""
    runs = up.aws.client("glue").get_job_runs(JobName="create-views-dual-engine")["JobRuns"]
    return [run["CompletedOn"].timestamp() for run in runs if run["JobRunState"] == "SUCCEEDED"]


def _is_idle(up: HubUp) -> bool:
    return all(run["state"] in {"success", "failed"} for run in up.api.get("dags/~/dagRuns")["dag_runs"])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:] or ["5"]))
