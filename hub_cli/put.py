"""``hub put``: files arrive in the source bucket of the running local AWS."""

import time
from collections.abc import Sequence
from pathlib import Path

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError
from rich.console import Console

from data_hub.errors import DataHubError
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli import uploads
from hub_cli.locations import LOCAL_AWS, path_of_pipeline
from local_aws.process import LocalAws

SHOWN_KEYS = 20


def put(console: Console, paths: Sequence[Path], pipeline_name: str) -> None:
    """Upload files, and say what follows.

    Args:
        console: where to print.
        paths: files and directories.
        pipeline_name: whose source bucket they go to.

    Raises:
        DataHubError: nothing runs, a file does not fit the pipeline's pattern, or S3 refused it.
    """
    pipeline = pipeline_file.load(path_of_pipeline(pipeline_name))
    planned = uploads.plan(paths, pipeline.source, int(time.time()))
    aws = LocalAws.running(LOCAL_AWS)
    if aws is None:
        raise DataHubError("Nothing runs that files could arrive in: start ./hub up first, or use ./hub run FILE")
    s3, bucket = aws.client("s3"), pipeline.source.bucket
    try:
        for upload in planned.uploads:
            s3.upload_file(str(upload.path), bucket, upload.key)
    except (S3UploadFailedError, ClientError) as error:
        raise DataHubError(f"{error}. Is ./hub up still starting? What was uploaded before stays") from error
    for upload in planned.uploads[:SHOWN_KEYS]:
        console.print(f"✔ s3://{bucket}/{upload.key}", markup=False, highlight=False)
    if len(planned.uploads) > SHOWN_KEYS:
        console.print(f"✔ {counted(len(planned.uploads) - SHOWN_KEYS, 'more file')}", highlight=False)
    for path in planned.left_out:
        console.print(f"  left out, does not fit the pattern: {path}", markup=False, highlight=False)
    console.print(_what_follows(pipeline), highlight=False)


def _what_follows(pipeline: Pipeline) -> str:
    if pipeline.orchestrator == "airflow":
        return "Airflow notices within seconds and runs the pipeline; ./hub status tells how far it is"
    return "The arrival starts the Glue workflow within seconds; ./hub status tells how far it is"
