"""The DAG of a pipeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, TriggerRule

from data_hub import graph, pipeline_file
from data_hub.airflow import assets, documentation
from data_hub.airflow.operators import GRACE, GlueJobRunOperator
from data_hub.airflow.rejected_files import RejectedFilesOperator
from data_hub.airflow.sensor import TIMEOUT as SENSOR_TIMEOUT
from data_hub.airflow.sensor import NewObjectsSensor
from data_hub.pipeline import Pipeline
from data_hub.schedule import to_airflow_cron

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

SENSOR = "wait_for_objects"
REJECTED_FILES = "rejected_files"

_OWNER = "data-hub"
_START_DATE = datetime(2025, 1, 1, tzinfo=UTC)
_REJECTED_FILES_TIMEOUT = timedelta(minutes=15)
_RETRIES = 2
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
        schedule=to_airflow_cron(pipeline.source.catch_up) if pipeline.orchestrator == "airflow" else None,
        start_date=_START_DATE,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=_longest_run(pipeline),
        default_args={
            "owner": _OWNER,
            "retries": _RETRIES,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2,
            "max_retry_delay": _MAX_RETRY_DELAY,
        },
    )
    _add_tasks(dag, pipeline, upstream)
    return dag


def _upstream_tasks(pipeline: Pipeline) -> dict[str, set[str]]:
    """Return task id to the ids of the tasks that it waits for."""
    upstream = graph.upstream_jobs(pipeline)
    for job in graph.start_jobs(pipeline):
        upstream[job].add(SENSOR)
    last = set(pipeline.jobs) - {job for jobs in upstream.values() for job in jobs}
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
            job_timeout=timedelta(minutes=job.timeout),
            outlets=assets.made_by(pipeline, name),
            dag=dag,
        )
    tasks[REJECTED_FILES] = RejectedFilesOperator(
        task_id=REJECTED_FILES,
        pipeline=pipeline,
        trigger_rule=TriggerRule.NONE_FAILED,
        execution_timeout=_REJECTED_FILES_TIMEOUT,
        dag=dag,
    )
    for task_id, before in upstream.items():
        tasks[task_id].set_upstream([tasks[name] for name in sorted(before)])


def _longest_run(pipeline: Pipeline) -> timedelta:
    """Return how long a run may take when every task needs all its retries."""
    limits = [SENSOR_TIMEOUT, *(timedelta(minutes=job.timeout) + GRACE for job in pipeline.jobs.values())]
    retried = sum(((_RETRIES + 1) * limit + _RETRIES * _MAX_RETRY_DELAY for limit in limits), start=timedelta())
    return retried + _REJECTED_FILES_TIMEOUT
