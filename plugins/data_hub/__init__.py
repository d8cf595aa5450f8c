"""Simple Data Hub: a CSV-to-Iceberg pipeline on AWS Glue, described once and driven by Airflow or by Glue."""

__version__ = "0.1.0"
