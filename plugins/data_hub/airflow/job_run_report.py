"""What a task leaves behind about its Glue job run: summary, files or views, and what the asset event carries."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from data_hub.airflow import assets, file_counts, published_views, scripts
from data_hub.airflow.job_run_outcome import SUCCEEDED
from data_hub.airflow.summary import leave_summary
from data_hub.ingestion import remaining
from data_hub.sql_views import views_summary
from data_hub.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from mypy_boto3_glue.type_defs import JobRunTypeDef

    from data_hub.airflow.file_counts import FileCounts
    from data_hub.airflow.published_views import PublishedViews
    from data_hub.pipelines.pipeline import Pipeline

log = logging.getLogger(__name__)

# XCom key of the run's final state.
STATE_KEY = "glue_state"
# XCom key of the number of objects that the run left for another one.
REMAINING_KEY = "remaining"


def leave_report(context: Context, pipeline: Pipeline, job_run: JobRunTypeDef, output: Sequence[str]) -> None:
    """Put into XCom, log and asset event what a job run that has ended did.

    Args:
        context: the task's.
        pipeline: the pipeline that the job belongs to.
        job_run: the run.
        output: the lines of its standard output.
    """
    script = pipeline.jobs[job_run["JobName"]].script
    has_succeeded = job_run["JobRunState"] == SUCCEEDED
    summary = f"{SUCCEEDED} in {job_run.get('ExecutionTime', 0)} s" if has_succeeded else ""
    extra: dict[str, Any] = {"glue_job_run_id": job_run["Id"]}
    if script == scripts.VIEWS:
        extra |= _leave_views(context, pipeline)
        summary = (views_summary.of_output(output) if has_succeeded else "") or summary
    if script == scripts.INGESTION and (counts := _read_counts(pipeline, job_run["Id"])):
        context["ti"].xcom_push(key=file_counts.FILES_KEY, value=counts.to_xcom())
        for line in counts.to_table():
            log.info("%s", line)
        extra |= counts.to_asset_extra()
        # What a run that failed has committed is a part of the truth, and its error the more important one.
        summary = counts.summary if has_succeeded else ""
    if has_succeeded and (left := remaining.of_output(output)):
        # The watcher sees by itself that they are there; this is for people, and for ./hub run.
        context["ti"].xcom_push(key=REMAINING_KEY, value=left)
        summary = f"{summary}; {counted(left, 'object')} left for another run"
    if summary:
        leave_summary(context, summary)
    for asset in assets.made_by(pipeline, job_run["JobName"]):
        context["outlet_events"][asset].extra = extra


def _leave_views(context: Context, pipeline: Pipeline) -> dict[str, Any]:
    """Put into XCom and log how the views stand, and return what the asset event says of them."""
    views = _read_views(pipeline)
    if views is None:
        return {}
    context["ti"].xcom_push(key=published_views.VIEWS_KEY, value=views.to_xcom())
    for line in views.to_lines():
        log.warning("%s", line)
    return views.to_asset_extra()


def _read_views(pipeline: Pipeline) -> PublishedViews | None:
    try:
        return published_views.read(pipeline)
    except Exception:  # whatever is wrong with the report, the run has ended as it has
        log.warning("The views cannot be read from the Glue Data Catalog", exc_info=True)
        return None


def _read_counts(pipeline: Pipeline, job_run_id: str) -> FileCounts | None:
    try:
        return file_counts.read(pipeline, job_run_id)
    except Exception:  # whatever is wrong with the report, the run has ended as it has
        log.warning("The counts of job run %s cannot be read from the ledger", job_run_id, exc_info=True)
        return None
