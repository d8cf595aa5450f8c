"""What the Glue scripts call: a job's arguments in, its report on standard output."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
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
from data_hub.wording import counted

# Optional argument of the ingestion: a JSON array of the keys that this run is for.
KEYS = "keys"


def run_ingestion(arguments: Sequence[str]) -> None:
    """Run csv-to-iceberg-ingestion.

    Args:
        arguments: ``sys.argv`` of the Glue script. With ``--keys`` (a JSON array) only these objects are ingested.

    Raises:
        DataHubError: the work cannot be done; Glue ends the run FAILED with the text as its ErrorMessage.
        TryAgainError: it was left undone.
    """
    options = _resolve(arguments)
    deployment = Deployment.from_arguments(options)
    entries = ingest(load_pipeline(deployment), deployment, options.get("JOB_RUN_ID") or "", _tell, _keys_of(options))
    _tell(summarise(entries))


def run_views(arguments: Sequence[str]) -> None:
    """Run create-views-dual-engine.

    Arguments and errors are those of ``run_ingestion``, but for ``--keys``. Each view prints its own line.
    """
    deployment = Deployment.from_arguments(_resolve(arguments))
    published = create_views(load_pipeline(deployment), deployment)
    outcomes = Counter(view.outcome for view in published)
    _tell(f"{counted(len(published), 'view')}: {', '.join(f'{number:,} {name}' for name, number in outcomes.items())}")


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


def _keys_of(options: Mapping[str, Any]) -> list[str] | None:
    text = options.get(KEYS)
    if text is None:
        return None
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise DataHubError(
            f"--{KEYS} {text!r} is no JSON array of keys; write it like '[\"prefix/a.csv\"]', or leave it out"
        )
    return keys


def _resolve(arguments: Sequence[str]) -> dict[str, Any]:
    # Only where Glue runs there is awsglue.
    from awsglue.utils import GlueArgumentError, getResolvedOptions

    # getResolvedOptions knows no optional arguments: what is asked for has to be there.
    optional = [KEYS] if f"--{KEYS}" in arguments else []
    try:
        return dict(getResolvedOptions(list(arguments), ["JOB_NAME", *Deployment.argument_names(), *optional]))
    except GlueArgumentError as error:
        raise DataHubError(
            f"{error}: deploy the pipeline again, which writes them into the job's default arguments"
        ) from error


def _tell(line: str) -> None:
    # A Glue job's log is its standard output; a buffer would hold back what a long run has to say.
    print(line, flush=True)  # noqa: T201
