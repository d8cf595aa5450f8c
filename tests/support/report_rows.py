"""Rows of regulatory reports, and a deployed table to put them in, for tests of views and SQL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.tables import with_ids
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.sql_views.base_table import base_table
from data_hub.sql_views.views import ViewOptions, create_views
from local_aws.athena import Athena

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from local_aws.process import LocalAws

CONTRACT = """
pipeline: collections
orchestrator: airflow
source: {bucket: raw, prefix: collections-data/, pattern: "ingest_ts=*/*.csv*", catch_up: "cron(0 * * * ? *)"}
table:
  name: collections_data_staging
  max_reject_ratio: 0.05
  columns:
    seriesid: {type: string, required: true}
    aod: {type: date, format: yyyymmdd, required: true}
    rssdid: {type: bigint, required: true}
    submission_ts: {type: timestamp, format: epoch_seconds, required: true}
    item_mdrm: {type: string, required: true}
    item_value: {type: string}
    context_level1_mdrm: {type: string}
    context_level1_value: {type: string}
jobs:
  create-views-dual-engine:
    {script: views.py, glue_version: "5.1", worker_type: G.1X, number_of_workers: 2, timeout: 30,
     max_concurrent_runs: 1}
triggers:
  arrival: {type: ON_DEMAND, actions: [{job: create-views-dual-engine}]}
"""
SCHEMA = pa.schema(
    [
        ("seriesid", pa.string()),
        ("aod", pa.date32()),
        ("rssdid", pa.int64()),
        ("submission_ts", pa.timestamp("us", tz="UTC")),
        ("item_mdrm", pa.string()),
        ("item_value", pa.string()),
        ("context_level1_mdrm", pa.string()),
        ("context_level1_value", pa.string()),
        ("ingest_ts", pa.int64()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("ingested_at", pa.timestamp("us", tz="UTC")),
    ]
)
BASE = base_table(
    database="hub",
    name="collections_data_staging",
    arn="arn:aws:glue:us-east-1:123456789012:table/hub/collections_data_staging",
    schema=with_ids(SCHEMA),
)
SUBMITTED = datetime(2026, 2, 1, 12, tzinfo=UTC)


def report_row(**changed: Any) -> dict[str, Any]:
    """Return one row of FRY9C, with the given columns changed."""
    return {
        "seriesid": "FRY9C",
        "aod": date(2025, 12, 31),
        "rssdid": 1234567,
        "submission_ts": SUBMITTED,
        "item_mdrm": "BHCK2170",
        "item_value": "702118",
        "context_level1_mdrm": None,
        "context_level1_value": None,
        "ingest_ts": 1770000000,
        "source_file": "collections-data/ingest_ts=1770000000/fry9c.csv",
        "source_line": 2,
        "ingested_at": datetime(2026, 2, 2, 3, 4, 5, 678901, tzinfo=UTC),
    } | changed


@dataclass(frozen=True)
class Reports:
    """A pipeline deployed to a database of its own."""

    pipeline: Pipeline
    deployment: Deployment

    @classmethod
    def deploy(cls, aws: LocalAws, contract: str = CONTRACT) -> Reports:
        database = f"hub_{uuid.uuid4().hex}"
        bucket = f"warehouse-{uuid.uuid4().hex}"
        aws.client("s3").create_bucket(Bucket=bucket)
        aws.client("glue").create_database(DatabaseInput={"Name": database})
        deployment = Deployment(
            pipeline_file="s3://scripts/collections.yaml",
            source_bucket="raw",
            warehouse=f"s3://{bucket}/",
            database=database,
            view_definer="arn:aws:iam::123456789012:role/view-definer",
        )
        return cls(pipeline_file.parse(contract, "collections.yaml"), deployment)

    def with_report(self, report: dict[str, str]) -> Reports:
        """Return the same with types of the report views' columns."""
        table = self.pipeline.table.model_copy(update={"report": report})
        return Reports(self.pipeline.model_copy(update={"table": table}), self.deployment)

    def add(self, *rows: dict[str, Any], schema: pa.Schema = SCHEMA) -> Table:
        """Append rows, with columns that the schema lacks left out; the first call makes the table."""
        identifier = (self.deployment.database, self.pipeline.table.name)
        location = self.deployment.warehouse + self.pipeline.table.name
        table = open_catalog().create_table_if_not_exists(identifier, schema, location=location)
        table.append(pa.Table.from_pylist(list(rows), schema=schema))
        return table

    def publish(self, **options: Any) -> dict[str, str]:
        """Publish the views as the job does, and return what became of each of them."""
        views = create_views(self.pipeline, self.deployment, ViewOptions(**options))
        return {view.name: view.outcome for view in views}

    def stored(self, aws: LocalAws, view: str) -> dict[str, Any]:
        """Return a view as the catalogue has it."""
        table: dict[str, Any] = aws.client("glue").get_table(DatabaseName=self.deployment.database, Name=view)["Table"]
        return table

    def select(self, aws: LocalAws, sql: str) -> list[dict[str, Any]]:
        """Return the rows that Athena gives for a query."""
        athena = Athena(open_catalog(), aws.client("glue"), self.deployment.database)
        rows: list[dict[str, Any]] = athena.query(sql).to_pylist()
        return rows
