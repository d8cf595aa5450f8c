"""Glue hook that starts deployed jobs only."""

from airflow.providers.amazon.aws.hooks.glue import GlueJobHook

from data_hub.airflow.jobs import read_job


class DeployedGlueJobHook(GlueJobHook):
    """A GlueJobHook that never creates a job.

    The stock hook creates a job that it does not find, with 10 DPUs, so a mistyped name would cost money.
    """

    def get_or_create_glue_job(self) -> str:
        """Return the job's name.

        Raises:
            DataHubError: the job is not deployed.
        """
        return read_job(str(self.job_name))["Name"]
