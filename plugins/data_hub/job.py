"""What the Glue scripts call: a job's arguments in, its report on standard output."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from data_hub import metrics, pipeline_file, table_optimizers
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError
from data_hub.ingest import Ingestion, summarise
from data_hub.pipeline import Pipeline
from data_hub.views import create_views
from data_hub.wording import counted

# Optional argument of the ingestion: a JSON array of the keys that this run is for.
KEYS = "keys"
# Optional argument of the ingestion: ARN of the role of its tables' optimizers, which it then sets up.
TABLE_OPTIMIZER_ROLE = "table_optimizer_role"


def run_ingestion(arguments: Sequence[str]) -> None:
    """Run csv-to-iceberg-ingestion.

    Args:
        arguments: ``sys.argv`` of the Glue script. With ``--keys`` (a JSON array) only these objects are ingested.
            With ``--table_optimizer_role`` (an ARN) the tables get their optimizers.

    Raises:
        DataHubError: the work cannot be done, or AWS refuses a table optimizer (then the work is done); Glue ends the
            run FAILED with the text as its ErrorMessage.
        TryAgainError: it was left undone.
    """
    options = _resolve(arguments)
    keys, deployment = _keys_of(options), Deployment.from_arguments(options)
    pipeline = load_pipeline(deployment)
    with _measured(pipeline, options["JOB_NAME"]) as counts:
        ingestion = Ingestion(
            pipeline,
            deployment,
            options.get("JOB_RUN_ID") or "",
            _tell,
            # With each commit, so that a run that Glue kills has told of what it did.
            lambda committed: _tell(metrics.counts_line(pipeline.pipeline, committed)),
        )
        counts.update(metrics.NOTHING)
        try:
            _tell(summarise(ingestion.run(keys)))
        finally:
            counts.update(ingestion.count_awaiting_correction())
        # After the rows: what is wrong with the optimizers holds no data up.
        if role := options.get(TABLE_OPTIMIZER_ROLE):
            table_optimizers.ensure(ingestion.tables, role, _tell)


def run_views(arguments: Sequence[str]) -> None:
    """Run create-views-dual-engine.

    Arguments and errors are those of ``run_ingestion``, but for the optional arguments. Each view prints its own line.
    """
    options = _resolve(arguments)
    deployment = Deployment.from_arguments(options)
    pipeline = load_pipeline(deployment)
    with _measured(pipeline, options["JOB_NAME"]):
        published = create_views(pipeline, deployment)
        outcomes = Counter(view.outcome for view in published)
        told = ", ".join(f"{number:,} {name}" for name, number in outcomes.items())
        _tell(f"{counted(len(published), 'view')}: {told}")


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
    optional = [name for name in (KEYS, TABLE_OPTIMIZER_ROLE) if f"--{name}" in arguments]
    try:
        return dict(getResolvedOptions(list(arguments), ["JOB_NAME", *Deployment.argument_names(), *optional]))
    except GlueArgumentError as error:
        raise DataHubError(
            f"{error}: deploy the pipeline again, which writes them into the job's default arguments"
        ) from error


@contextmanager
def _measured(pipeline: Pipeline, job: str) -> Iterator[dict[str, int]]:
    """Print the run's metrics at its end, however it ends; the block may add counts of the pipeline."""
    began = time.monotonic()
    counts: dict[str, int] = {}
    try:
        yield counts
    finally:
        _tell(metrics.last_line(pipeline.pipeline, job, time.monotonic() - began, counts))


def _tell(line: str) -> None:
    # A Glue job's log is its standard output; a buffer would hold back what a long run has to say.
    print(line, flush=True)  # noqa: T201
