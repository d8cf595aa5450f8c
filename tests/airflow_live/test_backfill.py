"""A backfill that takes three job runs, driven by Airflow: nobody does anything but deliver the files."""

from collections import Counter

import backfill
import pytest
from live_pipeline import LivePipeline, eventually

from local_aws.deploy import SCRIPTS_BUCKET

SCRIPT = "glue_csv_to_iceberg.py"


@pytest.mark.timeout(600)
def test_the_watcher_starts_what_a_run_has_left(collections: LivePipeline) -> None:
    place = {"Bucket": SCRIPTS_BUCKET, "Key": SCRIPT}
    kept = collections.up.aws.client("s3").get_object(**place)["Body"].read()
    collections.up.aws.client("s3").put_object(**place, Body=backfill.hurried_script().encode())
    try:
        keys = {collections.put(f"old-{number}.csv") for number in range(2 * backfill.FILES_IN_A_RUN + 1)}
        for number in (1, 2, 3):
            collections.await_glue_run(number, "SUCCEEDED")
        eventually(lambda: {run["state"] for run in collections.runs()} <= {"success"}, "the end of all runs")
    finally:
        collections.up.aws.client("s3").put_object(**place, Body=kept)

    assert {run["run_type"] for run in collections.runs()} == {"asset_triggered"}
    assert collections.glue_states() == ["SUCCEEDED"] * 3
    assert keys <= collections.ledger().keys()
    files_in_runs = Counter(collections.ledger()[key].job_run_id for key in keys)
    assert [files_in_runs[run["Id"]] for run in collections.glue_runs()] == [3, 3, 1]
    first, *_ = collections.runs()
    summary = collections.xcom(first["dag_run_id"], collections.ingestion, "summary")
    assert summary.endswith("; 4 objects left for another run")
