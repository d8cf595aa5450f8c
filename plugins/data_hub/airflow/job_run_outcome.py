"""States of a Glue job run and what they mean to Airflow.

https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
"""

from data_hub.errors import DataHubError

SUCCEEDED = "SUCCEEDED"
STOPPED = "STOPPED"

# A retry goes on with such a run. One that is STOPPING does its work no more.
WORKING = frozenset({"STARTING", "RUNNING", "WAITING"})
# What counts against the job's MaxConcurrentRuns.
HOLDING_A_SLOT = WORKING | {"STOPPING"}

# What a run's end means when Glue gives no ErrorMessage.
FAILURES = {
    "FAILED": "the script gave no reason; see the job's log",
    "TIMEOUT": "it took longer than the job's timeout; raise it in the pipeline file, or find out what held it up",
    STOPPED: "somebody stopped it; clear the task to start a new run",
    "ERROR": "Glue could not run it",
    "EXPIRED": "it waited too long for a free slot",
}


def is_worth_a_retry(state: str, message: str) -> bool:
    """Tell whether another run may end better.

    A run that a person stopped stays stopped, and a DataHubError asks a person to mend something. Anything else (a
    lost connection, a throttled call, a timeout after part of the files was committed) may well go through: a run
    takes up where the last one ended, and nothing is ingested twice.

    Args:
        state: how the run ended, other than SUCCEEDED.
        message: Glue's ErrorMessage.
    """
    return state != STOPPED and f"{DataHubError.__name__}:" not in message
