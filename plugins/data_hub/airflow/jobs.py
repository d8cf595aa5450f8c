"""Glue jobs and their runs, as Glue describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from data_hub.errors import DataHubError
from data_hub.pipelines import graph
from data_hub.pipelines.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import JobRunTypeDef, JobTypeDef

    from data_hub.pipelines.pipeline import Pipeline

_RUNS_LOOKED_AT = 200


def read_job(name: str) -> JobTypeDef:
    """Return a deployed Glue job.

    Raises:
        DataHubError: there is no such job.
    """
    client = boto3.client("glue")
    try:
        return client.get_job(JobName=name)["Job"]
    except client.exceptions.EntityNotFoundException as error:
        raise DataHubError(
            f"There is no Glue job '{name}' in region {client.meta.region_name}. Airflow never creates one: "
            "deploy the pipeline, or correct the region"
        ) from error


def read_job_run(job_name: str, job_run_id: str) -> JobRunTypeDef:
    """Return a run of a Glue job."""
    return boto3.client("glue").get_job_run(JobName=job_name, RunId=job_run_id)["JobRun"]


def find_runs(job_name: str, argument: str, beginning: str) -> list[JobRunTypeDef]:
    """Return the runs that were started with an argument whose value begins like this, the newest first."""
    paginator = boto3.client("glue").get_paginator("get_job_runs")
    pages = paginator.paginate(JobName=job_name, PaginationConfig={"MaxItems": _RUNS_LOOKED_AT})
    runs = [run for page in pages for run in page["JobRuns"]]
    found = [run for run in runs if run.get("Arguments", {}).get(argument, "").startswith(beginning)]
    return sorted(found, key=lambda run: run["StartedOn"], reverse=True)


def stop_run(job_name: str, job_run_id: str) -> None:
    """Ask Glue to stop a run; one that has ended meanwhile stays as it is."""
    boto3.client("glue").batch_stop_job_run(JobName=job_name, JobRunIds=[job_run_id])


def read_deployment(pipeline: Pipeline) -> Deployment:
    """Return where a pipeline is deployed: the default arguments of the job that an arrival starts.

    Raises:
        DataHubError: the job is missing, or it lacks arguments.
    """
    return Deployment.from_arguments(read_job(graph.start_jobs(pipeline)[0]).get("DefaultArguments", {}))
