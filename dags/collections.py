"""DAG of the pipeline pipelines/collections.yaml: regulatory collections from CSV to Iceberg and views."""

from data_hub.airflow import build_dag

dag = build_dag(__file__)
