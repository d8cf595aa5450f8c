"""States of a Glue job run and what they mean to Airflow.

https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
"""

SUCCEEDED = "SUCCEEDED"

# The run reached a verdict that a second run would reach again, or that a person reached.
VERDICTS = {
    "FAILED": "the script gave no reason; see the job's log",
    "TIMEOUT": "it took longer than the job's timeout; raise it in the pipeline file, or find out what held it up",
    "STOPPED": "somebody stopped it; clear the task to start a new run",
}
# Glue could not run the script: the next try may well succeed.
INTERRUPTIONS = {
    "ERROR": "Glue could not run it",
    "EXPIRED": "it waited too long for a free slot",
}
FAILURES = {**VERDICTS, **INTERRUPTIONS}
