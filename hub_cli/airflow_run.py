"""A run that Airflow drives: the pipeline's DAG, until nothing is left to do."""

import time
from pathlib import Path

from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli.dag_run import AnotherRun, DagRunEnd, run_dag
from hub_cli.driven_run import DrivenRun
from hub_cli.locations import AIRFLOW_HOME, RUN_LOG
from hub_cli.run_progress import Progress
from local_aws.process import LocalAws


def drive(aws: LocalAws, pipeline: Pipeline, dag: Path, progress: Progress) -> DrivenRun:
    """Run the DAG, and print each task as it ends.

    Args:
        aws: where the pipeline is deployed.
        pipeline: what runs.
        dag: its DAG file.
        progress: where to print.
    """
    progress.heading(f"DAG {pipeline.pipeline}")
    ended = []
    end = DagRunEnd("failed")
    views_seen = None
    progress.begin("Airflow")
    try:
        for event in run_dag(dag, aws.environment, AIRFLOW_HOME, RUN_LOG):
            if isinstance(event, DagRunEnd):
                end = event
                continue
            if isinstance(event, AnotherRun):
                progress.heading(
                    f"{counted(event.remaining, 'file')} left: another run of DAG {pipeline.pipeline} follows"
                )
                continue
            progress.end_begun("started")
            progress.show(event)
            if event.ended:
                ended.append(event)
            if event.state == "success" and event.job:
                views_seen = time.monotonic()
    finally:
        progress.close()
    return DrivenRun("success" if end.state == "success" else "failed", ended, end.error, views_seen)
