"""An Airflow home for this folder's tests, and what they deploy to the local AWS."""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from data_hub.deployment import Deployment
from data_hub.pipeline import Pipeline
from hub_cli.airflow_home import settings
from local_aws.process import LocalAws
from tests.collections_pipeline import PIPELINE_TEXT, ROOT

# Airflow reads its settings once, when it is imported, which the test modules do.
_HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(settings(_HOME, ROOT))

INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"

MakeGlueJob = Callable[..., str]


class DeployedPipeline:
    """A pipeline of its own: job names, bucket and database are no other test's."""

    def __init__(self, aws: LocalAws) -> None:
        self.name = f"p{uuid.uuid4().hex[:8]}"
        self.aws = aws
        text = PIPELINE_TEXT.replace(INGESTION, f"ingestion-{self.name}").replace(VIEWS, f"views-{self.name}")
        self.pipeline = Pipeline.parse(text, "test.yaml")
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


@pytest.fixture
def deployed(aws: LocalAws, make_glue_job: MakeGlueJob) -> DeployedPipeline:
    """A pipeline with buckets, database and an ingestion job that tells where it is deployed."""
    made = DeployedPipeline(aws)
    for bucket in ("raw", "warehouse"):
        aws.client("s3").create_bucket(Bucket=f"{made.name}-{bucket}")
    aws.client("glue").create_database(DatabaseInput={"Name": made.deployment.database})
    make_glue_job(name=f"ingestion-{made.name}", arguments=made.deployment.to_arguments())
    return made


@pytest.fixture
def make_glue_job(aws: LocalAws) -> MakeGlueJob:
    """Return a function that deploys a Glue job with a script of the test."""

    def make(script: str = "", name: str = "", arguments: dict[str, str] | None = None) -> str:
        name = name or f"job-{uuid.uuid4().hex[:8]}"
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="test-scripts")
        s3.put_object(Bucket="test-scripts", Key=f"{name}.py", Body=script.encode())
        aws.client("glue").create_job(
            Name=name,
            Role="arn:aws:iam::123456789012:role/job",
            Command={"Name": "glueetl", "ScriptLocation": f"s3://test-scripts/{name}.py"},
            DefaultArguments=arguments or {},
            Timeout=1,
        )
        return name

    return make
