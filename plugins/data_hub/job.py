"""What the Glue scripts call: a job's arguments in, its report on standard output."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from data_hub import pipeline_file
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError
from data_hub.ingest import ingest, summarise
from data_hub.pipeline import Pipeline
from data_hub.views import create_views


def run_ingestion(arguments: Sequence[str]) -> None:
    """Run csv-to-iceberg-ingestion.

    Args:
        arguments: ``sys.argv`` of the Glue script.

    Raises:
        DataHubError: the work cannot be done; Glue ends the run FAILED with the text as its ErrorMessage.
        TryAgainError: it was left undone.
    """
    options = _resolve(arguments)
    deployment = Deployment.from_arguments(options)
    entries = ingest(load_pipeline(deployment), deployment, options.get("JOB_RUN_ID") or "", _tell)
    _tell(summarise(entries))


def run_views(arguments: Sequence[str]) -> None:
    """Run create-views-dual-engine. Arguments and errors as for ``run_ingestion``; each view prints its own line."""
    deployment = Deployment.from_arguments(_resolve(arguments))
    create_views(load_pipeline(deployment), deployment)


def load_pipeline(deployment: Deployment) -> Pipeline:
    """Read the deployed pipeline file from S3.

    Raises:
        DataHubError: it is not there, or it is wrong.
    """
    location = urlsplit(deployment.pipeline_file)
    try:
        answer = boto3.client("s3").get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"NoSuchBucket", "NoSuchKey", "AccessDenied"}:
            raise
        raise DataHubError(
            f"The pipeline file {deployment.pipeline_file} cannot be read ({code}): deploy the pipeline again"
        ) from error
    return pipeline_file.parse(answer["Body"].read().decode(), deployment.pipeline_file)


def _resolve(arguments: Sequence[str]) -> dict[str, Any]:
    # Only where Glue runs there is awsglue.
    from awsglue.utils import GlueArgumentError, getResolvedOptions

    try:
        return dict(getResolvedOptions(list(arguments), ["JOB_NAME", *Deployment.argument_names()]))
    except GlueArgumentError as error:
        raise DataHubError(
            f"{error}: deploy the pipeline again, which writes them into the job's default arguments"
        ) from error


def _tell(line: str) -> None:
    # A Glue job's log is its standard output; a buffer would hold back what a long run has to say.
    print(line, flush=True)  # noqa: T201
