"""Airflow triggers: what the triggerer watches while a task is deferred."""

from typing import Any

from airflow.providers.amazon.aws.triggers.glue import GlueJobCompleteTrigger

from data_hub.airflow.job_run_outcome import FAILURES, SUCCEEDED


class GlueJobRunTrigger(GlueJobCompleteTrigger):
    """A GlueJobCompleteTrigger that knows every final state of a job run.

    The stock waiter does not know EXPIRED and would ask on until its attempts are used up.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcomes = {SUCCEEDED: "success", **dict.fromkeys(FAILURES, "failure")}
        self.waiter_config_overrides = {
            "acceptors": [
                {"matcher": "path", "argument": "JobRun.JobRunState", "expected": state, "state": outcome}
                for state, outcome in outcomes.items()
            ]
        }
