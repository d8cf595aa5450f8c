"""A pipeline of a test's own on the local AWS."""

import uuid
from collections.abc import Callable

from collections_pipeline import PIPELINE_TEXT

from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from local_aws.process import LocalAws

INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"

MakeGlueJob = Callable[..., str]


class DeployedPipeline:
    """A pipeline of its own: job names, bucket and database are no other test's."""

    def __init__(self, aws: LocalAws) -> None:
        self.name = f"p{uuid.uuid4().hex[:8]}"
        self.aws = aws
        text = PIPELINE_TEXT.replace(INGESTION, f"ingestion-{self.name}").replace(VIEWS, f"views-{self.name}")
        self.pipeline = pipeline_file.parse(text, "test.yaml")
        self.deployment = Deployment(
            pipeline_file=f"s3://{self.name}-scripts/collections.yaml",
            source_bucket=f"{self.name}-raw",
            warehouse=f"s3://{self.name}-warehouse/",
            database=self.name,
            view_definer="arn:aws:iam::123456789012:role/definer",
        )

    def put(self, key: str, content: bytes) -> None:
        """Upload an object to the source bucket."""
        self.aws.client("s3").put_object(Bucket=self.deployment.source_bucket, Key=key, Body=content)
