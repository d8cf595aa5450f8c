"""Airflow assets of a pipeline: what its jobs make, and what arrives."""

from airflow.sdk import Asset, AssetWatcher

from data_hub.airflow import scripts
from data_hub.airflow.arrival_triggers import ArrivalTrigger, watched_by
from data_hub.pipelines.pipeline import Pipeline


def made_by(pipeline: Pipeline, job: str) -> list[Asset]:
    """Return the assets that a job of the pipeline makes: the Iceberg table, the views, or none.

    Their names carry no account, region or database, so that they are the same wherever the pipeline is deployed.
    """
    table, name = pipeline.table.name, pipeline.pipeline
    by_script = {
        scripts.INGESTION: [Asset(name=table, uri=f"glue://{name}/{table}")],
        scripts.VIEWS: [Asset(name=f"{name}_views", uri=f"glue://{name}/views")],
    }
    return by_script.get(pipeline.jobs[job].script, [])


def arrivals(pipeline: Pipeline) -> Asset:
    """Return the asset that stands for new objects of the pipeline's source, with the watcher that announces them."""
    name = f"{pipeline.pipeline}_arrivals"
    watcher = AssetWatcher(name=name, trigger=ArrivalTrigger(**watched_by(pipeline)))
    return Asset(name=name, uri=f"glue://{pipeline.pipeline}/arrivals", watchers=[watcher])
