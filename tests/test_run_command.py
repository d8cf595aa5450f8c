"""``./hub`` from end to end: a real DAG run with real Glue job runs on the local AWS."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import Checkout
from collections_pipeline import HEADER_V1, row_v1

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("run_command")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy_to(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy in which the last run is that of the sample."""
    return Checkout.copy_to(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def sample_run(sample: Checkout) -> subprocess.CompletedProcess[str]:
    return sample.hub("run")


@pytest.mark.mwaa
def test_the_sample_goes_through_to_the_views(sample_run: subprocess.CompletedProcess[str]) -> None:
    assert sample_run.returncode == 0, sample_run.stdout + sample_run.stderr
    words = [" ".join(line.split()) for line in sample_run.stdout.splitlines()]
    assert words[0] == "AWS is emulated on 127.0.0.1: no account needed, nothing leaves this machine."
    assert "fry9c.csv 962 960 2" in words
    assert "2,597 2,590 7 ✔" in words
    assert "fr2004a.csv:119 aod '20261301' is no yyyymmdd date" in words
    assert "collections_data_view 2,590 21 ✔" in words
    corrected = next(line for line in words if line.endswith("← corrected"))
    assert corrected.startswith("2025-12-31 1234567 2026-03-14 23:00 636,920")
    assert any(line.startswith("✔ csv-to-iceberg-ingestion SUCCEEDED jr_") for line in words)
    assert any(line.startswith("Done in ") and "in the views" in line for line in words)


def test_sql_asks_the_last_run(sample: Checkout, sample_run: subprocess.CompletedProcess[str]) -> None:
    answer = sample.hub("sql", "SELECT count(*) AS n, max(item_value) AS v FROM collections_data_view")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()[2] == "2590"
    wrong = sample.hub("sql", "SELECT * FROM nowhere")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "has no table or view nowhere; it has: collections_data_current_view, " in wrong.stderr


def test_json_is_one_document_and_a_rejected_file_fails_the_run(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(HEADER_V1 + row_v1() + row_v1("BHCK3210"))
    (tmp_path / "bad.csv").write_bytes(b"seriesid,aod,rssdid,key,value\nFRY9C,20251231,1,BHCK2170,1\n")
    ran = checkout.hub("run", "--json", str(tmp_path))
    document = json.loads(ran.stdout)
    assert (ran.returncode, document["state"]) == (1, "failed")
    bad, good = document["ledger"]
    assert (good["status"], good["rows_read"], good["rows_ingested"], good["rows_rejected"]) == ("ingested", 2, 2, 0)
    assert (bad["status"], bad["message"]) == ("rejected", "the header lacks the required columns submission_ts")
    assert {task["task"]: task["state"] for task in document["tasks"]} == {
        "wait_for_objects": "success",
        "csv-to-iceberg-ingestion": "success",
        "create-views-dual-engine": "success",
        "rejected_files": "failed",
    }
    job = next(task for task in document["tasks"] if task["task"] == "csv-to-iceberg-ingestion")
    assert job["job"] == "csv-to-iceberg-ingestion"
    assert job["job_run_id"].startswith("jr_")
    assert job["seconds"] > 0
    assert document["tables"]["collections_data_staging"] == {"rows": 2, "snapshots": 1}
    assert document["views"]["fry9c_report_view"] == {
        "dialects": ["SPARK", "ATHENA"],
        "columns": ["aod", "rssdid", "submission_ts", "bhck2170", "bhck3210"],
        "rows": 1,
        "check": "passed",
        "misfits": "",
        "note": "",
    }
    assert "bad.csv" in next(task["error"] for task in document["tasks"] if task["state"] == "failed")
    assert f"{bad['key']} acknowledged" in checkout.hub("acknowledge", bad["key"]).stdout
    again = checkout.hub("acknowledge", bad["key"])
    assert (again.returncode, "is no rejected file" in again.stderr) == (1, True)


def test_an_empty_bucket_skips_the_jobs_and_says_so(checkout: Checkout) -> None:
    script = (
        "from hub_cli.console import make_console; from hub_cli.run import RunOptions, run; import sys; "
        "sys.exit(0 if run(RunOptions([], 'collections'), make_console()) else 1)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=checkout.path, env=checkout.environment(), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    words = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert any(line.startswith("- wait_for_objects no new objects") for line in words)
    assert any(line.startswith("- csv-to-iceberg-ingestion skipped") for line in words)


def test_a_job_that_fails_shows_its_error_and_where_its_log_is(tmp_path: Path) -> None:
    broken = Checkout.copy_to(tmp_path / "checkout")
    script = broken.path / "glue_jobs" / "glue_create_views_dual_engine.py"
    script.write_text("import sys\nraise RuntimeError('no space for views')\n")
    ran = broken.hub("run")
    assert ran.returncode == 1
    assert "✘ create-views-dual-engine" in ran.stdout
    assert "ended FAILED: RuntimeError: no space for views" in " ".join(ran.stdout.split())
    assert "Log: .hub/run.log" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    log = (broken.path / ".hub" / "run.log").read_text()
    assert "log group /aws-glue/jobs/error, stream jr_" in log
    assert log.count("raise RuntimeError('no space for views')") == 1
    # what the jobs print for CloudWatch is for CloudWatch
    assert '"_aws"' not in ran.stdout + log
    # what the first job did stays
    assert "2,597" in ran.stdout


def test_a_failure_before_the_dag_is_a_document_too(checkout: Checkout) -> None:
    ran = checkout.hub("run", "--json", "none.csv")
    document = json.loads(ran.stdout)
    assert (ran.returncode, document["state"], document["tasks"]) == (1, "failed", [])
    assert document["error"] == "none.csv: no such file or directory"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "none.csv"), "none.csv: no such file or directory"),
        (("run", "--pipeline", "none"), "There is no pipeline 'none' in dags/pipelines; there are: collections"),
        (("run", "hub_cli"), "no file fits the pipeline's pattern"),
        (("check", "none.csv"), "none.csv: no such file or directory"),
        (("check", "hub_cli"), "no file fits the pipeline's pattern"),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_wrong_arguments_get_a_clear_error(checkout: Checkout, arguments: tuple[str, ...], message: str) -> None:
    ran = checkout.hub(*arguments)
    assert ran.returncode in {1, 2}
    assert message in " ".join((ran.stdout + ran.stderr).split())
    assert "Traceback" not in ran.stderr


def test_a_second_run_at_the_same_time_is_refused(checkout: Checkout) -> None:
    running = checkout.start_hub("run")
    assert running.stdout is not None
    assert "emulated" in running.stdout.readline()
    second = checkout.hub("run")
    assert (second.returncode, "AWS is emulated" in second.stdout) == (1, False)
    assert f"Another ./hub command is at work in this checkout (process {running.pid})" in second.stdout
    running.send_signal(signal.SIGTERM)
    running.stdout.read()
    running.wait()


def test_an_answer_that_is_too_wide_is_shown_column_by_column(
    sample: Checkout, sample_run: subprocess.CompletedProcess[str]
) -> None:
    wide = subprocess.run(
        [sys.executable, "-m", "hub_cli", "sql", "SELECT * FROM fry9c_report_view LIMIT 2"],
        cwd=sample.path,
        env=sample.environment() | {"COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
    )
    assert "row 2" in wide.stdout
    assert "bhckb530" in wide.stdout
    twice = sample.hub("sql", "SELECT 1 a, 2 a")
    assert twice.stdout.split()[:4] == ["a", "a", "1", "2"]


@pytest.mark.parametrize(
    ("signal_number", "moment", "exit_code"),
    [
        (signal.SIGINT, "local AWS", 130),
        (signal.SIGTERM, "upload", 143),
        (signal.SIGKILL, "local AWS", -9),
        # The next thing to happen is the Glue job run.
        (signal.SIGINT, "wait_for_objects", 130),
        (signal.SIGTERM, "wait_for_objects", 143),
        (signal.SIGKILL, "wait_for_objects", -9),
        (signal.SIGTERM, "Every row", 143),
    ],
)
def test_no_process_stays_however_the_run_is_ended(
    checkout: Checkout, signal_number: signal.Signals, moment: str, exit_code: int
) -> None:
    running = checkout.start_hub("run")
    assert running.stdout is not None
    for line in running.stdout:
        if moment in line:
            break
    running.send_signal(signal_number)
    rest = running.stdout.read()
    assert running.wait() == exit_code
    assert "Traceback" not in rest
    assert checkout.await_no_process() == []
