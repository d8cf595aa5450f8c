"""Makes on the local AWS what Terraform makes on AWS: buckets, database, scripts, Glue jobs and Glue triggers."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from data_hub import pipeline_file, pipeline_problems
from data_hub.deployment import Deployment
from data_hub.errors import DataHubError
from data_hub.pipeline import Pipeline
from local_aws import library_zip
from local_aws.environment import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import CreateTriggerRequestTypeDef, JobUpdateTypeDef
    from mypy_boto3_s3 import S3Client

    from data_hub.pipeline import Job, Trigger
    from local_aws.process import LocalAws

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS_FOLDER = ROOT / "glue_jobs"
LIBRARY_FOLDER = ROOT / "plugins" / "data_hub"

SCRIPTS_BUCKET = "scripts"
WAREHOUSE_BUCKET = "warehouse"
WAREHOUSE = f"s3://{WAREHOUSE_BUCKET}/"
DATABASE = "data_hub"
LIBRARY_KEY = "library/data_hub.zip"
REQUIREMENTS = ROOT / "requirements" / "glue.txt"
REQUIREMENTS_KEY = "library/requirements.txt"
JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/data-hub-glue-job"
VIEW_DEFINER = f"arn:aws:iam::{ACCOUNT}:role/data-hub-view-definer"


def deploy(aws: LocalAws, pipeline_files: Sequence[Path]) -> list[Deployment]:
    """Deploy pipelines; what was deployed before is brought up to date, data and job runs stay.

    Args:
        aws: where to.
        pipeline_files: pipeline files.

    Returns:
        a deployment per pipeline file.

    Raises:
        DataHubError: a pipeline file is wrong; nothing has been deployed then.
    """
    pipelines = [(file, pipeline_file.load(file)) for file in pipeline_files]
    if problems := pipeline_problems.between_pipelines([pipeline for _, pipeline in pipelines]):
        raise DataHubError("\n".join(problems))
    s3, glue = aws.client("s3"), aws.client("glue")
    _make_buckets(s3, {WAREHOUSE_BUCKET, SCRIPTS_BUCKET, *(pipeline.source.bucket for _, pipeline in pipelines)})
    _upload_code(s3)
    _make_database(glue)
    return [_deploy_pipeline(s3, glue, file, pipeline) for file, pipeline in pipelines]


def deployment_of(file: Path, pipeline: Pipeline) -> Deployment:
    """Return where a pipeline is on every local AWS, deployed or yet to be."""
    return Deployment(
        pipeline_file=f"s3://{SCRIPTS_BUCKET}/{_key(file)}",
        source_bucket=pipeline.source.bucket,
        warehouse=WAREHOUSE,
        database=DATABASE,
        view_definer=VIEW_DEFINER,
    )


def _key(file: Path) -> str:
    return f"pipelines/{file.name}"


def _make_buckets(s3: S3Client, names: set[str]) -> None:
    for name in sorted(names):
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name)


def _upload_code(s3: S3Client) -> None:
    for script in SCRIPTS_FOLDER.glob("*.py"):
        s3.put_object(Bucket=SCRIPTS_BUCKET, Key=script.name, Body=script.read_bytes())
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=LIBRARY_KEY, Body=library_zip.build(LIBRARY_FOLDER))
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=REQUIREMENTS_KEY, Body=REQUIREMENTS.read_bytes())


def _make_database(glue: GlueClient) -> None:
    with contextlib.suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": DATABASE, "LocationUri": f"{WAREHOUSE}{DATABASE}"})


def _deploy_pipeline(s3: S3Client, glue: GlueClient, file: Path, pipeline: Pipeline) -> Deployment:
    s3.put_object(Bucket=SCRIPTS_BUCKET, Key=_key(file), Body=file.read_bytes())
    deployment = deployment_of(file, pipeline)
    for name, job in pipeline.jobs.items():
        _put_job(glue, name, _job_update(job, deployment))
    for name, trigger in pipeline.triggers.items():
        _put_trigger(glue, name, trigger)
    return deployment


def _job_update(job: Job, deployment: Deployment) -> JobUpdateTypeDef:
    return {
        "Role": JOB_ROLE,
        "Command": {
            "Name": "glueetl",
            "ScriptLocation": f"s3://{SCRIPTS_BUCKET}/{job.script}",
            "PythonVersion": "3",
        },
        "GlueVersion": job.glue_version,
        "WorkerType": job.worker_type,
        "NumberOfWorkers": job.number_of_workers,
        "Timeout": job.timeout,
        "ExecutionProperty": {"MaxConcurrentRuns": job.max_concurrent_runs},
        "ExecutionClass": "STANDARD",
        "DefaultArguments": {
            **deployment.to_arguments(),
            "--extra-py-files": f"s3://{SCRIPTS_BUCKET}/{LIBRARY_KEY}",
            # The lock of the library's packages; on this machine a job run finds them in .venv.
            "--additional-python-modules": f"s3://{SCRIPTS_BUCKET}/{REQUIREMENTS_KEY}",
            "--python-modules-installer-option": "-r",
            "--datalake-formats": "iceberg",
        },
    }


def _put_job(glue: GlueClient, name: str, job: JobUpdateTypeDef) -> None:
    try:
        glue.update_job(JobName=name, JobUpdate=job)
    except glue.exceptions.EntityNotFoundException:
        glue.create_job(Name=name, **job)


def _put_trigger(glue: GlueClient, name: str, trigger: Trigger) -> None:
    request: CreateTriggerRequestTypeDef = {
        "Name": name,
        "Type": trigger.type,
        "Actions": [{"JobName": action.job} for action in trigger.actions],
    }
    if trigger.predicate:
        request["Predicate"] = {
            "Logical": trigger.predicate.logical,
            "Conditions": [
                {"LogicalOperator": "EQUALS", "JobName": condition.job, "State": condition.state}
                for condition in trigger.predicate.conditions
            ],
        }
        request["StartOnCreation"] = True
    # moto has no UpdateTrigger; a Glue trigger holds nothing that its deletion would lose.
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_trigger(Name=name)
    glue.create_trigger(**request)
