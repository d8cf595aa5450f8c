"""Glue hook that starts deployed jobs only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue import GlueJobHook
from botocore.exceptions import ClientError

from data_hub.airflow.job_run_outcome import WORKING
from data_hub.airflow.jobs import find_runs, read_job
from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every run of a task carries it; the stock operator finds the task's runs by it.
TASK_UUID_ARGUMENT = "--airflow_task_uuid"


class DeployedGlueJobHook(GlueJobHook):
    """A GlueJobHook that never creates a job, and finds the run whose start nobody confirmed.

    The stock hook creates a job that it does not find, with 10 DPUs, so a mistyped name would cost money.
    """

    def get_or_create_glue_job(self) -> str:
        """Return the job's name.

        Raises:
            DataHubError: the job is not deployed.
        """
        return read_job(str(self.job_name))["Name"]

    def initialize_job(
        self, script_arguments: dict[str, Any] | None = None, run_kwargs: dict[str, Any] | None = None
    ) -> dict[str, str]:
        """Start a run.

        When the answer of StartJobRun is lost, boto3 asks again, and Glue refuses the second run because of the first:
        then that first one is the task's run.

        Returns:
            ``{"JobRunId": id}``.

        Raises:
            DataHubError: the job is not deployed, or Airflow may not start it.
            ClientError: Glue refused the start; ``is_refusal`` tells whether the job's slots are taken.
        """
        try:
            return super().initialize_job(script_arguments, run_kwargs)
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDeniedException":
                raise DataHubError(
                    f"Airflow's role may not start Glue job '{self.job_name}': {error}. Terraform lets it while the "
                    "pipeline file says orchestrator: airflow; while it says glue, start the Glue workflow instead "
                    "(docs/operations.md)"
                ) from error
            found = self._find_own_run(script_arguments or {}) if is_refusal(error) else None
            if found is None:
                raise
            self.log.info("Glue had started run %s of this task already", found)
            return {"JobRunId": found}

    def _find_own_run(self, script_arguments: Mapping[str, Any]) -> str | None:
        found = find_runs(str(self.job_name), TASK_UUID_ARGUMENT, script_arguments[TASK_UUID_ARGUMENT])
        return next((run["Id"] for run in found if run["JobRunState"] in WORKING), None)


def is_refusal(error: ClientError) -> bool:
    """Tell whether Glue refused to start a run because as many as allowed are going already."""
    return error.response["Error"]["Code"] == "ConcurrentRunsExceededException"
