"""``./hub run --orchestrator glue`` from end to end: S3, SQS, Lambda, Glue workflow, Glue job runs."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from collections_pipeline import HEADER_V1, row_v1

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow_run_command")]

INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"
BY_GLUE = ("run", "--orchestrator", "glue")
# What SQL says of the rows, but for when they were ingested.
ROWS = (
    "SELECT source_file, count(*), sum(source_line), min(item_mdrm), max(item_value), max(submission_ts) "
    "FROM collections_data_staging GROUP BY 1 ORDER BY 1",
    "SELECT * FROM fry9c_report_view ORDER BY aod, rssdid, submission_ts",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy_to(tmp_path_factory.mktemp("checkout"))


def words_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def result_of(checkout: Checkout, orchestrator: str) -> tuple[dict[str, Any], list[str]]:
    """Run the sample; return the document and what SQL says."""
    ran = checkout.hub("run", "--json", "--orchestrator", orchestrator)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout), [checkout.hub("sql", statement).stdout for statement in ROWS]


def test_the_result_is_that_of_a_run_with_airflow(checkout: Checkout) -> None:
    by_glue, rows_by_glue = result_of(checkout, "glue")
    by_airflow, rows_by_airflow = result_of(checkout, "airflow")
    for part in ("state", "error", "tables", "ledger", "views"):
        assert by_glue[part] == by_airflow[part], part
    assert (by_glue["orchestrator"], by_airflow["orchestrator"]) == ("glue", "airflow")
    assert rows_by_glue == rows_by_airflow
    assert "fry9c.csv" in rows_by_glue[0]
    assert [task["task"] for task in by_glue["tasks"]] == [INGESTION, VIEWS]
    jobs = [task for task in by_airflow["tasks"] if task["job"]]
    assert [set(task) for task in by_glue["tasks"]] == [set(task) for task in jobs]
    assert [(task["job"], task["state"]) for task in by_glue["tasks"]] == [(task["job"], "success") for task in jobs]
    assert all(task["job_run_id"].startswith("jr_") and task["seconds"] > 0 for task in by_glue["tasks"])


def test_each_step_is_told_of_and_airflow_takes_no_part(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(HEADER_V1 + row_v1())
    ran = checkout.hub(*BY_GLUE, str(tmp_path / "good.csv"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    words = words_of(ran.stdout)
    steps = [next(n for n, line in enumerate(words) if line.startswith(step)) for step in (
        "✔ local AWS 2 jobs, 2 Glue triggers",
        "✔ upload 1 file → s3://raw/collections-data/",
        "Glue workflow collections",
        "✔ SQS queue data-hub-collections-arrivals",
        "✔ trigger-glue-job-lambda 1 file wr_",
        f"✔ {INGESTION} SUCCEEDED jr_",
        f"✔ {VIEWS} SUCCEEDED jr_",
        "Every row accounted for",
        "Done in ",
    )]  # fmt: skip
    assert steps == sorted(steps)
    assert "Airflow" not in ran.stdout
    log = (checkout.path / ".hub" / "run.log").read_text()
    assert '"decision": "started"' in log
    assert "1 row read" in log
    # what the jobs print for CloudWatch is for CloudWatch
    assert "_aws" not in log


def test_the_pipeline_file_decides_and_a_rejected_file_fails_the_run(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    file = checkout.path / "dags" / "pipelines" / "collections.yaml"
    file.write_text(file.read_text().replace("orchestrator: airflow", "orchestrator: glue"))
    (tmp_path / "good.csv").write_bytes(HEADER_V1 + row_v1())
    (tmp_path / "bad.csv").write_bytes(b"seriesid,aod,rssdid,key,value\nFRY9C,20251231,1,BHCK2170,1\n")
    ran = checkout.hub("run", "--json", str(tmp_path / "good.csv"), str(tmp_path / "bad.csv"))
    document = json.loads(ran.stdout)
    assert (ran.returncode, document["state"]) == (1, "failed")
    assert {task["task"]: task["state"] for task in document["tasks"]} == {INGESTION: "success", VIEWS: "success"}
    assert "1 file rejected" in document["error"]
    assert "bad.csv: the header lacks the required columns submission_ts" in document["error"]
    assert document["views"]["fry9c_report_view"]["rows"] == 1


def test_a_job_that_fails_shows_its_error_and_what_did_not_follow(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    script = checkout.path / "glue_jobs" / "glue_csv_to_iceberg.py"
    script.write_text("raise RuntimeError('no space for tables')\n")
    ran = checkout.hub(*BY_GLUE)
    assert ran.returncode == 1
    words = words_of(ran.stdout)
    assert any(line.startswith(f"✘ {INGESTION} FAILED jr_") for line in words)
    assert any("ended FAILED: RuntimeError: no space for tables" in line for line in words)
    assert any(line.startswith(f"✘ {VIEWS} upstream_failed") for line in words)
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "raise RuntimeError('no space for tables')" in (checkout.path / ".hub" / "run.log").read_text()


def test_a_lambda_function_that_fails_ends_the_run_with_its_error(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    handler = checkout.path / "terraform" / "lambda" / "trigger_glue_job.py"
    handler.write_text(
        handler.read_text() + "\n\ndef handler(event, context):\n    raise RuntimeError('no patience')\n"
    )
    ran = checkout.hub("run", "--json", "--orchestrator", "glue")
    error = json.loads(ran.stdout)["error"]
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert error.startswith("trigger-glue-job-lambda could not start the workflow: RuntimeError: no patience")
    assert "raise RuntimeError('no patience')" in (checkout.path / ".hub" / "run.log").read_text()


def test_when_nothing_starts_it_is_said_where_to_look(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    handler = checkout.path / "terraform" / "lambda" / "trigger_glue_job.py"
    refusing = "return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in event['Records']]}"
    handler.write_text(handler.read_text() + f"\n\ndef handler(event, context):\n    {refusing}\n")
    module = checkout.path / "hub_cli" / "workflow_run.py"
    module.write_text(module.read_text().replace("START_SECONDS = 60.0", "START_SECONDS = 3.0"))
    ran = checkout.hub("run", "--json", "--orchestrator", "glue")
    error = json.loads(ran.stdout)["error"]
    assert "started no workflow run within 3 s" in error
    assert "5 messages wait in data-hub-collections-arrivals" in error
    assert all(place in error for place in (".hub/run.log", ".hub/run-aws/local-aws.log"))


@pytest.mark.parametrize(
    ("signal_number", "moment", "exit_code"),
    [
        (signal.SIGINT, "SQS queue", 130),
        (signal.SIGTERM, "trigger-glue-job-lambda", 143),
        (signal.SIGKILL, "trigger-glue-job-lambda", -9),
        (signal.SIGINT, INGESTION, 130),
    ],
)
def test_no_process_stays_however_the_run_is_ended(
    checkout: Checkout, signal_number: signal.Signals, moment: str, exit_code: int
) -> None:
    running = checkout.start_hub(*BY_GLUE)
    assert running.stdout is not None
    for line in running.stdout:
        if moment in line:
            break
    running.send_signal(signal_number)
    rest = running.stdout.read()
    assert running.wait() == exit_code
    assert "Traceback" not in rest
    assert checkout.await_no_process() == []
