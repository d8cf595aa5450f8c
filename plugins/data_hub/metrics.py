"""A job run's figures for CloudWatch: one line of its output in the embedded metric format.

CloudWatch makes metrics of such a line by itself; the job needs no permission but to write its log.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from collections.abc import Mapping, Sequence

NAMESPACE = "SimpleDataHub"
FILES_INGESTED = "FilesIngested"
FILES_REJECTED = "FilesRejected"
FILES_AWAITING_CORRECTION = "FilesAwaitingCorrection"
ROWS_IN = "RowsIn"
ROWS_REJECTED = "RowsRejected"
RUN_SECONDS = "RunSeconds"

# The first member of such a line; nothing else that a job prints begins like this.
_BEGINNING = '{"_aws": '


def to_line(pipeline: str, job: str, seconds: float, counts: Mapping[str, int]) -> str:
    """Return the line that a job prints at its end.

    Args:
        pipeline: value of the dimension Pipeline.
        job: name of the Glue job, value of the dimension Job.
        seconds: how long the run took.
        counts: counts of the pipeline by metric.
    """
    directives = [_directive(["Pipeline", "Job"], {RUN_SECONDS: "Seconds"})]
    if counts:
        directives.append(_directive(["Pipeline"], dict.fromkeys(counts, "Count")))
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
    values = {"Pipeline": pipeline, "Job": job, RUN_SECONDS: round(seconds, 3), **counts}
    return json.dumps({"_aws": metadata, **values})


def is_line(text: str) -> bool:
    """Tell whether a line of a job's output is for CloudWatch and not for people."""
    return text.startswith(_BEGINNING)


def _directive(dimensions: Sequence[str], units: Mapping[str, str]) -> dict[str, object]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
