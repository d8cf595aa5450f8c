"""The DAG of a pipeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, TriggerRule

from data_hub.airflow import assets, documentation, notifications, params
from data_hub.airflow.operators import GRACE, GlueJobRunOperator
from data_hub.airflow.rejected_files import RejectedFilesOperator
from data_hub.airflow.sensor import LOOK_TIMEOUT, NewObjectsSensor
from data_hub.airflow.task_ids import REJECTED_FILES, SENSOR
from data_hub.pipelines import graph, pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from data_hub.pipelines.schedule import to_airflow_cron

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_OWNER = "data-hub"
_START_DATE = datetime(2025, 1, 1, tzinfo=UTC)
_REJECTED_FILES_TIMEOUT = timedelta(minutes=15)
_RETRIES = 2
# About a day of hourly catch-ups and hourly tries of files that fail: somebody has to look, and nothing is lost.
_FAILED_RUNS_BEFORE_PAUSE = 48
_MAX_RETRY_DELAY = timedelta(minutes=10)


def build_dag(dag_file: str) -> DAG:
    """Build the DAG of a pipeline.

    Args:
        dag_file: the DAG file; ``pipelines/<its stem>.yaml`` beside it is the pipeline file.

    Returns:
        ``wait_for_objects``, the Glue jobs in the order of their Glue triggers, ``rejected_files``.

    Raises:
        DataHubError: the pipeline file is missing or wrong. Airflow shows the text as this file's import error.
    """
    path = Path(dag_file)
    pipeline = pipeline_file.load(path.parent / "pipelines" / f"{path.stem}.yaml")
    upstream = _upstream_tasks(pipeline)
    generations = _generations(upstream)
    dag = DAG(
        dag_id=pipeline.pipeline,
        description=documentation.describe(pipeline),
        doc_md=documentation.to_markdown(pipeline, generations),
        tags={"data-hub", "glue", "iceberg"},
        schedule=_schedule(pipeline),
        params=params.of(pipeline),
        start_date=_START_DATE,
        catchup=False,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=_FAILED_RUNS_BEFORE_PAUSE,
        dagrun_timeout=_longest_run(pipeline),
        on_failure_callback=notifications.notify_run_failure,
        default_args={
            "owner": _OWNER,
            "retries": _RETRIES,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2,
            "max_retry_delay": _MAX_RETRY_DELAY,
            "on_failure_callback": notifications.notify_task_failure,
        },
    )
    _add_tasks(dag, pipeline, upstream)
    return dag


def _schedule(pipeline: Pipeline) -> AssetOrTimeSchedule | None:
    """Return what starts runs when Airflow reacts to arrivals: an announcement of the watcher, and the clock."""
    if pipeline.orchestrator != "airflow":
        return None
    catch_up = CronTriggerTimetable(to_airflow_cron(pipeline.source.catch_up), timezone="UTC")
    return AssetOrTimeSchedule(timetable=catch_up, assets=[assets.arrivals(pipeline)])


def _upstream_tasks(pipeline: Pipeline) -> dict[str, set[str]]:
    """Return task id to the ids of the tasks that it waits for."""
    jobs = graph.upstream_jobs(pipeline)
    last = set(pipeline.jobs) - {job for before in jobs.values() for job in before}
    # Also those after another job: when the ingestion is skipped (views only), the sensor is what lets them run.
    upstream = {job: {SENSOR, *before} for job, before in jobs.items()}
    return {SENSOR: set(), **upstream, REJECTED_FILES: last}


def _generations(upstream: dict[str, set[str]]) -> list[list[str]]:
    sorter = TopologicalSorter(upstream)
    sorter.prepare()
    generations = []
    while sorter.is_active():
        generations.append(sorted(sorter.get_ready()))
        sorter.done(*generations[-1])
    return generations


def _add_tasks(dag: DAG, pipeline: Pipeline, upstream: dict[str, set[str]]) -> None:
    tasks: dict[str, BaseOperator] = {SENSOR: NewObjectsSensor(task_id=SENSOR, pipeline=pipeline, dag=dag)}
    for name, job in pipeline.jobs.items():
        tasks[name] = GlueJobRunOperator(
            task_id=name,
            job_name=name,
            pipeline=pipeline,
            job_timeout=timedelta(minutes=job.timeout),
            outlets=assets.made_by(pipeline, name),
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
            dag=dag,
        )
    tasks[REJECTED_FILES] = RejectedFilesOperator(
        task_id=REJECTED_FILES,
        pipeline=pipeline,
        execution_timeout=_REJECTED_FILES_TIMEOUT,
        dag=dag,
    )
    # A teardown runs whatever the jobs did, and its failure is seen without being the run's verdict.
    tasks[REJECTED_FILES].as_teardown(on_failure_fail_dagrun=False)
    for task_id, before in upstream.items():
        tasks[task_id].set_upstream([tasks[name] for name in sorted(before)])


def _longest_run(pipeline: Pipeline) -> timedelta:
    """Return how long a run may take when every task needs all its retries."""
    # A job may have to wait as long for its turn as it then takes.
    limits = [LOOK_TIMEOUT, *(2 * (timedelta(minutes=job.timeout) + GRACE) for job in pipeline.jobs.values())]
    retried = sum(((_RETRIES + 1) * limit + _RETRIES * _MAX_RETRY_DELAY for limit in limits), start=timedelta())
    return timedelta(minutes=params.LONGEST_WAIT_MINUTES) + retried + _REJECTED_FILES_TIMEOUT
