"""``./hub run`` with files that take three job runs, from end to end."""

from pathlib import Path

import backfill
import pytest
from checkout import Checkout
from collections_pipeline import HEADER_V1, row_v1

pytestmark = pytest.mark.slow

INGESTION = "csv-to-iceberg-ingestion"


@pytest.mark.parametrize(
    ("orchestrator", "told"),
    [
        ("airflow", ["4 files left: another run of DAG collections follows", "1 file left: another run of DAG"]),
        ("glue", ["✔ trigger-glue-job-lambda 4 files wr_", "✔ trigger-glue-job-lambda 1 file wr_"]),
    ],
)
def test_the_pipeline_runs_again_until_nothing_is_left(tmp_path: Path, orchestrator: str, told: list[str]) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    (checkout.path / "glue_jobs" / "glue_csv_to_iceberg.py").write_text(backfill.hurried_script())
    (tmp_path / "old").mkdir()
    for number in range(2 * backfill.FILES_IN_A_RUN + 1):
        (tmp_path / "old" / f"{number}.csv").write_bytes(HEADER_V1 + row_v1(value=str(number)))
    ran = checkout.hub("run", "--orchestrator", orchestrator, str(tmp_path / "old"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert all(any(line.startswith(text) for line in lines) for text in told), ran.stdout
    assert sum(line.startswith(f"✔ {INGESTION} SUCCEEDED jr_") for line in lines) == 3
