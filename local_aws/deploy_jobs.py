"""The Glue side of a pipeline: jobs, workflow and Glue triggers."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.environment import ACCOUNT
from local_aws.glue_arguments import glue_arguments

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import CreateTriggerRequestTypeDef, JobUpdateTypeDef

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Job, Pipeline, Trigger

PREFIX = "data-hub"
ATHENA_WORKGROUP = PREFIX
SCRIPTS_BUCKET = "scripts"
LIBRARY_KEY = "library/data_hub.zip"
REQUIREMENTS_KEY = "library/requirements.txt"
INGESTION_SCRIPT = "glue_csv_to_iceberg.py"
VIEWS_SCRIPT = "glue_create_views_dual_engine.py"


def role_arn(name: str) -> str:
    """Return the ARN of a role, named as Terraform names it."""
    return f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{name}"


@dataclass(frozen=True)
class JobInputs:
    """What the jobs of a pipeline are told besides the deployment.

    Attributes:
        queue_url: URL of the queue of its arrivals.
        views: S3 URI of its view files.
    """

    queue_url: str
    views: str

    def of(self, script: str) -> dict[str, str]:
        """Return the arguments of the job with this script."""
        if script == INGESTION_SCRIPT:
            return {"--arrivals_queue": self.queue_url}
        if script == VIEWS_SCRIPT:
            return {"--views": self.views, "--athena_workgroup": ATHENA_WORKGROUP}
        return {}


def put(glue: GlueClient, pipeline: Pipeline, deployment: Deployment, inputs: JobInputs) -> None:
    """Make jobs, workflow and Glue triggers, or bring them up to date; their runs stay.

    Args:
        glue: a client for Glue.
        pipeline: what is deployed.
        deployment: where.
        inputs: what its jobs are told.
    """
    for name, job in pipeline.jobs.items():
        _put_job(glue, name, _job_update(name, job, deployment, inputs))
    _put_workflow(glue, pipeline.pipeline)
    for name, trigger in pipeline.triggers.items():
        _put_trigger(glue, pipeline.pipeline, name, trigger)


def _job_update(name: str, job: Job, deployment: Deployment, inputs: JobInputs) -> JobUpdateTypeDef:
    return {
        "Role": role_arn(name),
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
            **job.default_arguments,
            **deployment.to_arguments(),
            # On this machine a job run finds the library's packages in .venv, and there is no Spark.
            **glue_arguments(
                library=f"s3://{SCRIPTS_BUCKET}/{LIBRARY_KEY}",
                requirements=f"s3://{SCRIPTS_BUCKET}/{REQUIREMENTS_KEY}",
                warehouse=deployment.warehouse,
            ),
            **inputs.of(job.script),
        },
    }


def _put_job(glue: GlueClient, name: str, job: JobUpdateTypeDef) -> None:
    try:
        glue.update_job(JobName=name, JobUpdate=job)
    except glue.exceptions.EntityNotFoundException:
        glue.create_job(Name=name, **job)


def _put_workflow(glue: GlueClient, name: str) -> None:
    try:
        glue.update_workflow(Name=name, MaxConcurrentRuns=1)
    except glue.exceptions.EntityNotFoundException:
        glue.create_workflow(Name=name, MaxConcurrentRuns=1)


def _put_trigger(glue: GlueClient, workflow: str, name: str, trigger: Trigger) -> None:
    request: CreateTriggerRequestTypeDef = {
        "Name": name,
        "WorkflowName": workflow,
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
    # An update could change neither type nor workflow; a Glue trigger holds nothing that its deletion would lose.
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_trigger(Name=name)
    glue.create_trigger(**request)
