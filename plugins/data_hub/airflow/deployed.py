"""What is deployed, as the Glue jobs themselves tell it."""

from data_hub import graph
from data_hub.airflow.jobs import read_job
from data_hub.deployment import Deployment
from data_hub.pipeline import Pipeline


def read_deployment(pipeline: Pipeline) -> Deployment:
    """Return where a pipeline is deployed: the default arguments of the job that an arrival starts.

    Raises:
        DataHubError: the job is missing, or it lacks arguments.
    """
    return Deployment.from_arguments(read_job(graph.start_jobs(pipeline)[0]).get("DefaultArguments", {}))
