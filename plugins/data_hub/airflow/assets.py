"""Airflow assets that a pipeline's jobs make."""

from airflow.sdk import Asset

from data_hub.pipeline import Pipeline

_INGESTION_SCRIPT = "glue_csv_to_iceberg.py"
_VIEWS_SCRIPT = "glue_create_views_dual_engine.py"


def made_by(pipeline: Pipeline, job: str) -> list[Asset]:
    """Return the assets that a job of the pipeline makes: the Iceberg table, the views, or none.

    Their names carry no account, region or database, so that they are the same wherever the pipeline is deployed.
    """
    table, name = pipeline.table.name, pipeline.pipeline
    by_script = {
        _INGESTION_SCRIPT: [Asset(name=table, uri=f"glue://{name}/{table}")],
        _VIEWS_SCRIPT: [Asset(name=f"{name}_views", uri=f"glue://{name}/views")],
    }
    return by_script.get(pipeline.jobs[job].script, [])
