"""The operator of a Glue job, in a pipeline of a test's own."""

from datetime import timedelta

from collections_pipeline import PIPELINE_TEXT
from deployed_pipeline import INGESTION

from data_hub.airflow.operators import GlueJobRunOperator
from data_hub.pipelines import pipeline_file


def operator_of(job: str) -> GlueJobRunOperator:
    """Return the operator of a job that an arrival starts, and whose script is none of the repository's."""
    text = PIPELINE_TEXT.replace(INGESTION, job).replace("glue_csv_to_iceberg.py", "other.py")
    pipeline = pipeline_file.parse(text, "test.yaml")
    return GlueJobRunOperator(task_id=job, job_name=job, pipeline=pipeline, job_timeout=timedelta(minutes=1))
