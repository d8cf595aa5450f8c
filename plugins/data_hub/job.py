"""What the Glue scripts call: a job's arguments in, its report on standard output."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from data_hub import metrics
from data_hub.errors import DataHubError
from data_hub.iceberg import table_optimizers
from data_hub.ingestion import arrow_engine, remaining
from data_hub.ingestion.deadline import Deadline
from data_hub.ingestion.ingest import Ingestion, summarise
from data_hub.ingestion.limits import Limits
from data_hub.job_arguments import IngestionArguments, ViewsArguments
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.sql_views.views import ViewOptions, create_views
from data_hub.view_files import view_bundle
from data_hub.wording import counted


def run_ingestion(arguments: Sequence[str]) -> None:
    """Run csv-to-iceberg-ingestion.

    Once 80 % of the job's timeout are over no file is begun any more. The run then ends well, tells how many it left,
    and asks for another run.

    Args:
        arguments: ``sys.argv`` of the Glue script; see ``IngestionArguments``.

    Raises:
        DataHubError: the work cannot be done, or AWS refuses a table optimizer (then the work is done); Glue ends the
            run FAILED with the text as its ErrorMessage.
        TryAgainError: it was left undone.
    """
    arrow_engine.use_system_memory()
    options = IngestionArguments.of(arguments)
    pipeline = load_pipeline(options.deployment)
    deadline = _deadline(pipeline, options.job)
    with _measured(pipeline, options.job) as counts:
        ingestion = Ingestion.open(
            pipeline,
            options.deployment,
            options.job_run_id,
            _tell,
            # With each commit, so that a run that Glue kills has told of what it did.
            count=lambda committed: _tell(metrics.counts_line(pipeline.pipeline, committed)),
            limits=Limits(options.max_bytes, deadline.is_over),
            engine=options.engine,
        )
        counts.update(metrics.NOTHING)
        try:
            entries = ingestion.run(options.keys)
            _tell(summarise(entries))
            counts[metrics.FILES_REMAINING] = ingestion.remaining
        finally:
            counts.update(ingestion.count_awaiting_correction())
        if ingestion.remaining:
            _leave(ingestion.remaining, len(entries), deadline, options.arrivals_queue, pipeline)
        # After the rows: what is wrong with the optimizers holds no data up.
        if options.table_optimizer_role:
            table_optimizers.ensure(ingestion.tables, options.table_optimizer_role, _tell)


def run_views(arguments: Sequence[str]) -> None:
    """Run create-views-dual-engine.

    Args:
        arguments: ``sys.argv`` of the Glue script; see ``ViewsArguments``.

    Raises:
        DataHubError: as for ``run_ingestion``. Each view prints its own line.
        TryAgainError: a view was left undone.
    """
    options = ViewsArguments.of(arguments)
    if options.prune and not options.views:
        raise DataHubError("--prune true needs --views, else the views of all view files would go: deploy again")
    pipeline = load_pipeline(options.deployment)
    with _measured(pipeline, options.job):
        files = view_bundle.parse(_read(options.views, "view files"), options.views) if options.views else {}
        create_views(pipeline, options.deployment, ViewOptions(files, options.athena_workgroup, options.prune))


def load_pipeline(deployment: Deployment) -> Pipeline:
    """Read the deployed pipeline file from S3.

    Raises:
        DataHubError: it is not there, or it is wrong.
    """
    return pipeline_file.parse(_read(deployment.pipeline_file, "pipeline file"), deployment.pipeline_file)


def _read(uri: str, what: str) -> str:
    location = urlsplit(uri)
    try:
        answer = boto3.client("s3").get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"NoSuchBucket", "NoSuchKey", "AccessDenied"}:
            raise
        raise DataHubError(f"The {what} {uri} cannot be read ({code}): deploy the pipeline again") from error
    return answer["Body"].read().decode()


def _deadline(pipeline: Pipeline, name: str) -> Deadline:
    job = pipeline.jobs.get(name)
    return Deadline(job.timeout if job else None)


def _leave(number: int, done: int, deadline: Deadline, queue_url: str | None, pipeline: Pipeline) -> None:
    """Tell that objects are left, and ask for another run, unless it would come no further either."""
    if not done:
        raise DataHubError(
            f"{deadline} were over before a single one of {counted(number, 'new object')} was dealt with: raise the "
            "timeout in the pipeline file, or find out in the log what took so long"
        )
    _tell(remaining.line(number, f"{deadline} are over"))
    if queue_url:
        remaining.ask_for_run(queue_url, pipeline.pipeline, number)


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
