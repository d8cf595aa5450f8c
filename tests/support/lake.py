"""A source bucket, a warehouse and a database of a test's own."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from collections_pipeline import PIPELINE
from pyiceberg.table import Table

from data_hub.iceberg.catalog import open_catalog
from data_hub.ingestion import ingest
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from local_aws.process import LocalAws


@dataclass(frozen=True)
class Lake:
    """What the ingestion works on.

    Attributes:
        aws: the local AWS.
        deployment: buckets and database.
        pipeline: source and contract.
    """

    aws: LocalAws
    deployment: Deployment
    pipeline: Pipeline = PIPELINE

    @classmethod
    def create(cls, aws: LocalAws) -> "Lake":
        """Make buckets and a database with names of their own."""
        name = f"t{uuid.uuid4().hex[:12]}"
        for bucket in (f"raw-{name}", f"warehouse-{name}"):
            aws.client("s3").create_bucket(Bucket=bucket)
        aws.client("glue").create_database(DatabaseInput={"Name": name})
        return cls(aws, Deployment("s3://none/none.yaml", f"raw-{name}", f"s3://warehouse-{name}/", name, "arn:aws:x"))

    def with_table(self, **changes: object) -> "Lake":
        """Return the same lake with another contract: fields of the pipeline's table that change."""
        table = self.pipeline.table.model_copy(update=changes)
        return Lake(self.aws, self.deployment, self.pipeline.model_copy(update={"table": table}))

    def with_text_column(self, name: str) -> "Lake":
        """Return the same lake with a contract in which a column is text."""
        columns = self.pipeline.table.columns
        return self.with_table(columns={**columns, name: columns["item_desc"]})

    def put(self, name: str, content: bytes, ingest_ts: int = 1) -> str:
        """Put an object and return its key."""
        key = f"{self.pipeline.source.prefix}ingest_ts={ingest_ts}/{name}"
        self.aws.client("s3").put_object(Bucket=self.deployment.source_bucket, Key=key, Body=content)
        return key

    def put_under_another_etag(self, key: str, content: bytes) -> None:
        """Put an object in parts: the same bytes get another ETag."""
        s3, place = self.aws.client("s3"), {"Bucket": self.deployment.source_bucket, "Key": key}
        upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
        part = s3.upload_part(**upload, PartNumber=1, Body=content)
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})

    def ingest(self, job_run_id: str = "jr_test") -> list[LedgerEntry]:
        """Run the ingestion and return what it did."""
        return ingest.Ingestion.open(self.pipeline, self.deployment, job_run_id, lambda _: None).run()

    def table(self, suffix: str = "") -> Table:
        """Load the table, or its ``_rejects`` or ``_ledger``."""
        return open_catalog().load_table((self.deployment.database, f"{self.pipeline.table.name}{suffix}"))

    def rows(self) -> list[tuple[str, int, str | None]]:
        """Return file name, line and item of every row of the table."""
        found = self.table().scan().to_arrow().to_pylist()
        return sorted((_name(row["source_file"]), row["source_line"], row["item_mdrm"]) for row in found)

    def rejects(self) -> list[tuple[str, int, str]]:
        """Return file name, line and reason of every row of the rejects table."""
        found: list[dict[str, Any]] = self.table("_rejects").scan().to_arrow().to_pylist()
        return sorted((_name(row["source_file"]), row["source_line"], row["reason"]) for row in found)

    def snapshot_count(self) -> int:
        """Return how many snapshots the table has."""
        return len(self.table().snapshots())

    def ledger(self) -> Ledger:
        """Open the ledger as a reader does."""
        return Ledger.open(open_catalog(), self.deployment.database, self.pipeline.table)


def outcome(entries: Iterable[LedgerEntry]) -> list[tuple[str, str, int, int, int]]:
    """Return file name, status, rows read, ingested and rejected of ledger entries."""
    return [
        (_name(entry.key), entry.status, entry.rows_read, entry.rows_ingested, entry.rows_rejected) for entry in entries
    ]


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]
