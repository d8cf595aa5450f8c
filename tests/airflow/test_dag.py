import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.triggers.base import BaseEventTrigger
from collections_pipeline import PIPELINE_TEXT, ROOT
from deployed_pipeline import INGESTION, VIEWS

from data_hub.airflow import build_dag, notifications
from data_hub.errors import DataHubError
from data_hub.pipelines import graph, pipeline_file
from data_hub.pipelines.pipeline import Pipeline

DAGS_FOLDER = ROOT / "dags"
PIPELINE_FILES = sorted((DAGS_FOLDER / "pipelines").glob("*.yaml"))


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(DAGS_FOLDER)


@pytest.fixture(params=PIPELINE_FILES, ids=lambda file: file.stem)
def dag(request: pytest.FixtureRequest, bag: DagBag) -> DAG:
    return bag.dags[request.param.stem]


@pytest.fixture
def pipeline(dag: DAG) -> Pipeline:
    return pipeline_file.load(DAGS_FOLDER / "pipelines" / f"{dag.dag_id}.yaml")


def write_dag(folder: Path, name: str, pipeline_text: str) -> Path:
    """Write a DAG file like the repository's, and its pipeline file."""
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "pipelines" / f"{name}.yaml").write_text(
        pipeline_text.replace("pipeline: collections", f"pipeline: {name}")
    )
    file = folder / f"{name}.py"
    file.write_text((DAGS_FOLDER / "collections.py").read_text())
    return file


def test_every_pipeline_file_is_a_dag_and_every_file_imports(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [file.stem for file in PIPELINE_FILES]


def test_task_ids_are_the_jobs_and_two_more(dag: DAG, pipeline: Pipeline) -> None:
    assert set(dag.task_ids) == {"wait_for_objects", *pipeline.jobs, "rejected_files"}


def test_the_ids_of_the_first_pipeline_stay(bag: DagBag) -> None:
    # A changed id loses a DAG's or a task's history.
    assert set(bag.dags["collections"].task_ids) == {"wait_for_objects", INGESTION, VIEWS, "rejected_files"}


def test_jobs_run_in_the_order_of_their_glue_triggers(dag: DAG, pipeline: Pipeline) -> None:
    upstream = graph.upstream_jobs(pipeline)
    for job in pipeline.jobs:
        assert dag.get_task(job).upstream_task_ids == upstream[job] | {"wait_for_objects"}
        assert dag.get_task(job).trigger_rule == "none_failed_min_one_success"


def test_rejected_files_is_the_only_leaf(dag: DAG) -> None:
    assert [task.task_id for task in dag.leaves] == ["rejected_files"]


def test_rejected_files_runs_whatever_the_jobs_did_and_leaves_the_verdict_to_them(dag: DAG) -> None:
    rejected_files = dag.get_task("rejected_files")
    assert rejected_files.is_teardown
    assert rejected_files.on_failure_fail_dagrun is False
    assert rejected_files.trigger_rule == "all_done_setup_success"


def test_every_wait_is_finite(dag: DAG, pipeline: Pipeline) -> None:
    assert dag.dagrun_timeout is not None
    for task in dag.tasks:
        assert task.execution_timeout is not None
        assert task.execution_timeout < dag.dagrun_timeout
    for name, job in pipeline.jobs.items():
        operator = dag.get_task(name)
        waits = timedelta(seconds=operator.waiter_delay * operator.waiter_max_attempts)
        assert timedelta(minutes=job.timeout) < waits <= timedelta(minutes=job.timeout + 20)


def test_tasks_of_aws_are_retried_with_backoff(dag: DAG) -> None:
    for task in dag.tasks:
        if task.task_id != "rejected_files":
            assert task.retries == 2
            assert task.retry_exponential_backoff > 1


def test_what_the_list_of_dags_shows(dag: DAG, pipeline: Pipeline) -> None:
    assert dag.owner == "data-hub"
    assert dag.tags == {"data-hub", "glue", "iceberg"}
    assert pipeline.table.name in str(dag.description)
    assert all(task_id in str(dag.doc_md) for task_id in dag.task_ids)


def test_one_run_at_a_time_and_none_for_the_past(dag: DAG) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.start_date is not None


def test_table_and_views_are_assets(bag: DagBag) -> None:
    dag = bag.dags["collections"]
    assert [asset.name for asset in dag.get_task(INGESTION).outlets] == ["collections_data_staging"]
    assert [asset.name for asset in dag.get_task(VIEWS).outlets] == ["collections_views"]


def test_the_scheduler_can_store_the_dag(dag: DAG) -> None:
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert stored.task_ids == dag.task_ids


def test_arrivals_and_the_clock_start_runs(tmp_path: Path) -> None:
    schedule = build_dag(str(write_dag(tmp_path, "other", PIPELINE_TEXT))).schedule
    assert isinstance(schedule, AssetOrTimeSchedule)
    assert schedule.timetable == CronTriggerTimetable("0 * * * *", timezone="UTC")
    (asset,) = schedule.asset_condition.objects
    assert (asset.name, asset.uri) == ("other_arrivals", "glue://other/arrivals")
    (watcher,) = asset.watchers
    assert isinstance(watcher.trigger, BaseEventTrigger)


def test_a_pipeline_that_glue_drives_is_started_by_hand_only(tmp_path: Path) -> None:
    text = PIPELINE_TEXT.replace("orchestrator: airflow", "orchestrator: glue")
    assert build_dag(str(write_dag(tmp_path, "other", text))).schedule is None


def test_a_day_of_hourly_failures_pauses_the_dag(dag: DAG) -> None:
    assert dag.max_consecutive_failed_dag_runs == 48  # an hour has a catch-up and another try


def test_people_are_told_of_failures(dag: DAG) -> None:
    assert dag.on_failure_callback == notifications.notify_run_failure
    assert all(task.on_failure_callback == [notifications.notify_task_failure] for task in dag.tasks)


def test_a_broken_pipeline_file_breaks_its_own_dag_only(tmp_path: Path) -> None:
    write_dag(tmp_path, "good", PIPELINE_TEXT)
    write_dag(tmp_path, "broken", PIPELINE_TEXT.replace("timeout: 60", "timeout: soon"))
    bag = DagBag(tmp_path)
    assert set(bag.dags) == {"good"}
    (error,) = bag.import_errors.items()
    assert error[0].endswith("broken.py")
    assert "broken.yaml: jobs.csv-to-iceberg-ingestion.timeout: 'soon' does not fit" in error[1]


def test_jobs_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    circle = f"""
  back-again:
    type: CONDITIONAL
    predicate: {{logical: AND, conditions: [{{job: {VIEWS}, state: SUCCEEDED}}]}}
    actions: [{{job: {INGESTION}}}]
"""
    with pytest.raises(DataHubError, match="in a circle") as refused:
        build_dag(str(write_dag(tmp_path, "other", PIPELINE_TEXT + circle)))
    assert INGESTION in str(refused.value)


def test_two_jobs_after_one_both_lead_to_rejected_files(tmp_path: Path) -> None:
    text = PIPELINE_TEXT.replace(
        "triggers:",
        "  second-views: {script: second.py, glue_version: '5.1', worker_type: G.1X, number_of_workers: 2, "
        "timeout: 5, max_concurrent_runs: 1}\ntriggers:",
    ).replace(f"actions: [{{job: {VIEWS}}}]", f"actions: [{{job: {VIEWS}}}, {{job: second-views}}]")
    dag = build_dag(str(write_dag(tmp_path, "fan-out", text)))
    assert dag.get_task("second-views").upstream_task_ids == {"wait_for_objects", INGESTION}
    assert dag.get_task("rejected_files").upstream_task_ids == {VIEWS, "second-views"}
    assert [task.task_id for task in dag.leaves] == ["rejected_files"]


def test_reading_a_dag_file_loads_no_iceberg() -> None:
    # Airflow reads every DAG file again and again; pyiceberg and pyarrow would double what that costs.
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); print({'pyiceberg', 'pyarrow'} & set(sys.modules))"
    read = subprocess.run(
        [sys.executable, "-c", program, str(DAGS_FOLDER / "collections.py")], capture_output=True, text=True, check=True
    )
    assert read.stdout.splitlines()[-1] == "set()"
