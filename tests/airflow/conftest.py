"""An Airflow home for this folder's tests, and what they deploy to the local AWS."""

import atexit
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from collections_pipeline import ROOT
from deployed_pipeline import DeployedPipeline, MakeGlueJob

from hub_cli.airflow_home import settings
from local_aws.process import LocalAws

# Airflow reads its settings once, when it is imported, which the test modules do.
_HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(settings(_HOME, ROOT))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try everything in this folder with MWAA's Airflows too."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("mwaa")


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
