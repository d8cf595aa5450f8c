import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import backfill
import pytest
from collections_pipeline import HEADER_V1, PIPELINE_FILE, PIPELINE_TEXT, ROOT, row_v1
from deployed_pipeline import INGESTION, VIEWS

from hub_cli.airflow_home import settings
from local_aws.deploy import SCRIPTS_BUCKET, deploy
from local_aws.process import LocalAws

DAG_FILE = ROOT / "dags" / "collections.py"
KEY = "collections-data/ingest_ts=1770609249/fry9c.csv"

Event = dict[str, Any]


@dataclass
class Runner:
    """Starts run_once against a local AWS of this module's own."""

    aws: LocalAws
    directory: Path

    @property
    def events_file(self) -> Path:
        return self.directory / "events.jsonl"

    def start(self, dag_file: Path = DAG_FILE, repository: Path = ROOT) -> subprocess.Popen[bytes]:
        self.events_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "data_hub.airflow.run_once", str(dag_file), "--events", str(self.events_file)]
        environment = {
            **os.environ,
            **settings(self.directory / "home", repository),
            "PYTHONPATH": str(ROOT / "plugins"),
            **self.aws.environment,
        }
        with (self.directory / "run.log").open("wb") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def run(self, seconds: float = 120) -> tuple[int, list[Event]]:
        return self.start().wait(seconds), self.events()

    def events(self) -> list[Event]:
        if not self.events_file.exists():
            return []
        return [json.loads(line) for line in self.events_file.read_text().splitlines(keepends=True) if line[-1] == "\n"]

    def put_script(self, text: str) -> None:
        self.aws.client("s3").put_object(Bucket=SCRIPTS_BUCKET, Key="glue_csv_to_iceberg.py", Body=text.encode())


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    directory = tmp_path_factory.mktemp("run-once")
    with LocalAws.start(directory / "aws") as aws:
        yield Runner(aws, directory)


@pytest.fixture
def runner(started: Runner) -> Runner:
    """The runner with the repository's pipeline deployed as it is, whatever the test before did to its scripts."""
    deploy(started.aws, [PIPELINE_FILE])
    return started


def ends(events: list[Event]) -> dict[str, str]:
    """Return task id to the state in which it ended."""
    return {event["task"]: event["state"] for event in events if event["event"] == "task"}


@pytest.mark.slow
def test_an_empty_bucket_skips_the_jobs_and_says_so(runner: Runner) -> None:
    exit_code, events = runner.run()
    assert ends(events) == {
        "wait_for_objects": "skipped",
        INGESTION: "skipped",
        VIEWS: "skipped",
        "rejected_files": "success",
    }
    assert next(event for event in events if event["state"] == "skipped")["summary"] == "no new objects"
    assert (exit_code, events[-1]["event"], events[-1]["state"]) == (0, "run", "success")


@pytest.mark.slow
def test_a_new_file_goes_through_both_jobs(runner: Runner) -> None:
    runner.aws.client("s3").put_object(Bucket="raw", Key=KEY, Body=HEADER_V1 + row_v1())
    exit_code, events = runner.run()
    assert exit_code == 0, (runner.directory / "run.log").read_text()[-4000:]
    assert ends(events) == dict.fromkeys(["wait_for_objects", INGESTION, VIEWS, "rejected_files"], "success")

    states = [event["state"] for event in events if event.get("task") == INGESTION]
    assert states == ["running", "deferred", "success"]
    end = next(event for event in events if event.get("task") == INGESTION and event["state"] == "success")
    (run,) = runner.aws.client("glue").get_job_runs(JobName=INGESTION)["JobRuns"]
    assert (end["job"], end["job_run_id"], end["glue_state"]) == (INGESTION, run["Id"], "SUCCEEDED")
    assert end["seconds"] > 0
    assert runner.aws.client("glue").get_table(DatabaseName="data_hub", Name="fry9c_report_view")["Table"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_files_that_take_three_job_runs_are_ingested_by_three_dag_runs(runner: Runner) -> None:
    runner.put_script(backfill.hurried_script())
    for number in range(2 * backfill.FILES_IN_A_RUN + 1):
        content = HEADER_V1 + row_v1(value=f"backfill {number}")
        runner.aws.client("s3").put_object(Bucket="raw", Key=KEY.replace("fry9c", f"old-{number}"), Body=content)
    exit_code, events = runner.run(300)
    assert exit_code == 0, (runner.directory / "run.log").read_text()[-4000:]
    assert [event["remaining"] for event in events if event["event"] == "another_run"] == [4, 1]
    succeeded = [event for event in events if event.get("task") == INGESTION and event["state"] == "success"]
    assert [event["summary"] for event in succeeded] == [
        "3 files: 3 rows read = 3 ingested + 0 rejected; 4 objects left for another run",
        "3 files: 3 rows read = 3 ingested + 0 rejected; 1 object left for another run",
        "1 file: 1 row read = 1 ingested + 0 rejected",
    ]
    assert [event["state"] for event in events if event["event"] == "run"] == ["success"]


@pytest.mark.slow
def test_a_job_that_fails_fails_the_run_with_glues_own_error(runner: Runner) -> None:
    runner.aws.client("s3").put_object(Bucket="raw", Key=KEY, Body=HEADER_V1 + row_v1(value="2"))
    runner.put_script("raise ValueError('the script says why')")
    exit_code, events = runner.run()
    assert ends(events) == {
        "wait_for_objects": "success",
        INGESTION: "failed",
        VIEWS: "upstream_failed",
        "rejected_files": "success",
    }
    failed = next(event for event in events if event["state"] == "failed")
    assert failed["error"].endswith("ended FAILED: ValueError: the script says why")
    assert (exit_code, events[-1]["state"]) == (1, "failed")
    assert "Callback failed" not in (runner.directory / "run.log").read_text()


@pytest.mark.slow
def test_a_rejected_file_fails_the_run_though_only_the_last_task_is_red(runner: Runner) -> None:
    runner.aws.client("s3").put_object(Bucket="raw", Key=KEY.replace("fry9c", "bad"), Body=b"not,our,header\n1,2,3\n")
    exit_code, events = runner.run()
    assert ends(events) == {
        "wait_for_objects": "success",
        INGESTION: "success",
        VIEWS: "success",
        "rejected_files": "failed",
    }
    assert (exit_code, events[-1]["state"]) == (1, "failed")
    counts = next(event for event in events if event.get("task") == INGESTION and event["state"] == "success")
    assert " read = " in counts["summary"]
    runner.aws.client("s3").delete_object(Bucket="raw", Key=KEY.replace("fry9c", "bad"))


@pytest.mark.slow
def test_a_missing_job_fails_the_run_with_its_name(runner: Runner) -> None:
    runner.aws.client("s3").put_object(Bucket="raw", Key=KEY, Body=HEADER_V1 + row_v1(value="3"))
    runner.aws.client("glue").delete_job(JobName=VIEWS)
    exit_code, events = runner.run()
    assert (exit_code, ends(events)[INGESTION], ends(events)[VIEWS]) == (1, "success", "failed")
    failed = next(event for event in events if event["state"] == "failed")
    assert f"There is no Glue job '{VIEWS}' in region us-east-1" in failed["error"]


@pytest.mark.slow
def test_a_missing_bucket_fails_the_run_before_any_job(runner: Runner) -> None:
    s3 = runner.aws.client("s3")
    for item in s3.list_objects_v2(Bucket="raw").get("Contents", []):
        s3.delete_object(Bucket="raw", Key=item["Key"])
    s3.delete_bucket(Bucket="raw")
    exit_code, events = runner.run()
    assert (exit_code, ends(events)["wait_for_objects"], ends(events)[INGESTION]) == (1, "failed", "upstream_failed")
    failed = next(event for event in events if event["state"] == "failed")
    assert "Bucket 'raw' cannot be listed (NoSuchBucket): check that it exists" in failed["error"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_a_job_runs(runner: Runner, number: signal.Signals) -> None:
    runner.aws.client("s3").put_object(Bucket="raw", Key=KEY, Body=HEADER_V1 + row_v1(value=number.name))
    runner.put_script("import time; time.sleep(600)")
    process = runner.start()
    deadline = time.monotonic() + 60
    while "deferred" not in {event["state"] for event in runner.events()}:
        assert process.poll() is None, "it ended before the job ran"
        assert time.monotonic() < deadline, "the job did not start within 60 s"
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(20) == 128 + number
    assert runner.events()[-1]["error"] == f"ended by {number.name}"
    glue = runner.aws.client("glue")
    going = [run["Id"] for run in glue.get_job_runs(JobName=INGESTION)["JobRuns"] if run["JobRunState"] == "RUNNING"]
    glue.batch_stop_job_run(JobName=INGESTION, JobRunIds=going)


def test_a_broken_pipeline_file_is_told_as_the_runs_error(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "dags" / "pipelines").mkdir(parents=True)
    dag_file = tmp_path / "dags" / "collections.py"
    dag_file.write_text(DAG_FILE.read_text())
    (tmp_path / "dags" / "pipelines" / "collections.yaml").write_text(
        PIPELINE_TEXT.replace("timeout: 60", "timeout: x")
    )
    assert runner.start(dag_file, tmp_path).wait(60) == 1
    (event,) = runner.events()
    assert (event["event"], event["state"]) == ("run", "failed")
    assert "collections.yaml: jobs.csv-to-iceberg-ingestion.timeout" in event["error"]


def test_a_file_that_is_missing_is_told_as_the_runs_error(runner: Runner, tmp_path: Path) -> None:
    assert runner.start(tmp_path / "missing.py").wait(60) == 1
    assert "missing.py is no DAG file" in runner.events()[0]["error"]
