"""The event that Glue puts on EventBridge's default bus when a job run has ended.

https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
"""

import json
from typing import Any

from moto.events.models import events_backends

from local_aws.environment import ACCOUNT, REGION

SEVERITIES = {"SUCCEEDED": "INFO", "STOPPED": "INFO", "TIMEOUT": "WARN", "FAILED": "ERROR"}
MESSAGES = {"SUCCEEDED": "Job run succeeded", "STOPPED": "Job run stopped", "TIMEOUT": "Job run timed out"}


def put_state_change(run: Any) -> None:
    """Put "Glue Job State Change" for a job run that has ended.

    Args:
        run: moto's job run.
    """
    detail = {
        "jobName": run.job_name,
        "severity": SEVERITIES[run.status],
        "state": run.status,
        "jobRunId": run.job_run_id,
        "message": MESSAGES.get(run.status, run.state.error_message),
    }
    event = {"Source": "aws.glue", "DetailType": "Glue Job State Change", "Detail": json.dumps(detail)}
    events_backends[ACCOUNT][REGION].put_events([event])
