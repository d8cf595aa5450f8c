"""Names of the scripts in glue_jobs/, by which Airflow knows what a job of the pipeline file does."""

INGESTION = "glue_csv_to_iceberg.py"
VIEWS = "glue_create_views_dual_engine.py"
