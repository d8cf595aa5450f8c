"""Makes on the local AWS what Terraform makes on AWS: buckets, database, code, and each pipeline's resources."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.pipelines import pipeline_file, pipeline_problems
from data_hub.pipelines.deployment import Deployment
from data_hub.view_files import view_bundle, view_folders
from data_hub.view_files.view_file import ViewFile
from local_aws import deploy_arrivals, deploy_jobs
from local_aws.deploy_jobs import ATHENA_WORKGROUP, LIBRARY_KEY, REQUIREMENTS_KEY, SCRIPTS_BUCKET, JobInputs, role_arn
from terraform import package

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from data_hub.pipelines.pipeline import Pipeline
    from local_aws.process import LocalAws

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS_FOLDER = ROOT / "glue_jobs"
REQUIREMENTS = ROOT / "requirements" / "glue.txt"

WAREHOUSE_BUCKET = "warehouse"
WAREHOUSE = f"s3://{WAREHOUSE_BUCKET}/"
DATABASE = "data_hub"


def deploy(aws: LocalAws, pipeline_files: Sequence[Path], orchestrator: str | None = None) -> list[Deployment]:
    """Deploy pipelines; what was deployed before is brought up to date, data and runs stay.

    Args:
        aws: where to.
        pipeline_files: all pipeline files; only their objects wake a workflow.
        orchestrator: who reacts to arrivals, by default whom the pipeline file names.

    Returns:
        a deployment per pipeline file.

    Raises:
        DataHubError: a pipeline file or view file is wrong; nothing has been deployed then.
    """
    pipelines = [pipeline_file.load(file) for file in pipeline_files]
    _require_order(pipeline_files, pipelines)
    s3, glue = aws.client("s3"), aws.client("glue")
    _make_buckets(s3, {WAREHOUSE_BUCKET, SCRIPTS_BUCKET, *(pipeline.source.bucket for pipeline in pipelines)})
    _upload_code(s3)
    _make_database(glue)
    make_workgroup(aws)
    deployments = []
    for file, pipeline in zip(pipeline_files, pipelines, strict=True):
        s3.put_object(Bucket=SCRIPTS_BUCKET, Key=_key(file), Body=file.read_bytes())
        deployments.append(deployment_of(file, pipeline))
        inputs = JobInputs(deploy_arrivals.queue_url(aws, pipeline.pipeline), upload_views(s3, file))
        deploy_jobs.put(glue, pipeline, deployments[-1], inputs)
    driven_by = {pipeline.pipeline: orchestrator or pipeline.orchestrator for pipeline in pipelines}
    deploy_arrivals.put(aws, pipelines, {name for name, driver in driven_by.items() if driver == "glue"})
    return deployments


def deployment_of(file: Path, pipeline: Pipeline) -> Deployment:
    """Return where a pipeline is on every local AWS, deployed or yet to be."""
    return Deployment(
        pipeline_file=f"s3://{SCRIPTS_BUCKET}/{_key(file)}",
        source_bucket=pipeline.source.bucket,
        warehouse=WAREHOUSE,
        database=DATABASE,
        view_definer=role_arn("view-definer"),
    )


def _require_order(pipeline_files: Sequence[Path], pipelines: Sequence[Pipeline]) -> None:
    problems = pipeline_problems.between_pipelines(pipelines)
    for folder in sorted({file.parent for file in pipeline_files}):
        problems += view_folders.problems(folder, pipelines)
    for file in pipeline_files:
        problems += _view_file_problems(view_folders.folder_of(file))
    if problems:
        raise DataHubError("\n".join(problems))


def _view_file_problems(folder: Path) -> Iterator[str]:
    try:
        texts = view_bundle.read(folder)
    except DataHubError as error:
        yield str(error)
        return
    for name, text in texts.items():
        try:
            ViewFile.parse(name, text)
        except DataHubError as error:
            yield str(error)


def upload_views(s3: S3Client, file: Path) -> str:
    """Put the view files of a pipeline file where its views job finds them; return the S3 URI."""
    key = f"views/{file.stem}.json"
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=key, Body=view_bundle.bundle(view_folders.folder_of(file)).encode())
    return f"s3://{SCRIPTS_BUCKET}/{key}"


def _key(file: Path) -> str:
    return f"pipelines/{file.name}"


def _make_buckets(s3: S3Client, names: set[str]) -> None:
    for name in sorted(names):
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name)


def _upload_code(s3: S3Client) -> None:
    for script in SCRIPTS_FOLDER.glob("*.py"):
        s3.put_object(Bucket=SCRIPTS_BUCKET, Key=script.name, Body=script.read_bytes())
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=LIBRARY_KEY, Body=package.library())
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=REQUIREMENTS_KEY, Body=REQUIREMENTS.read_bytes())


def _make_database(glue: GlueClient) -> None:
    with contextlib.suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": DATABASE, "LocationUri": f"{WAREHOUSE}{DATABASE}"})


def make_workgroup(aws: LocalAws) -> str:
    """Make the Athena workgroup in which views are checked where it is missing, and return its name."""
    athena = aws.client("athena")
    if ATHENA_WORKGROUP not in {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}:
        results = {"OutputLocation": f"{WAREHOUSE}athena-results/"}
        athena.create_work_group(Name=ATHENA_WORKGROUP, Configuration={"ResultConfiguration": results})
    return ATHENA_WORKGROUP
