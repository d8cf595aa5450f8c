"""A job run's figures for CloudWatch: lines of its output in the embedded metric format.

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
FILES_REMAINING = "FilesRemaining"
ROWS_IN = "RowsIn"
ROWS_REJECTED = "RowsRejected"
RUN_SECONDS = "RunSeconds"

# What a run that had nothing to do reports, so that a graph shows 0 and no gap.
NOTHING = {FILES_INGESTED: 0, FILES_REJECTED: 0, ROWS_IN: 0, ROWS_REJECTED: 0}

# The first member of such a line; nothing else that a job prints begins like this.
_BEGINNING = '{"_aws": '


def counts_line(pipeline: str, counts: Mapping[str, int]) -> str:
    """Return the line that a job prints when it has committed something; CloudWatch adds the counts up.

    Args:
        pipeline: value of the dimension Pipeline.
        counts: counts of the pipeline by metric.
    """
    return _line([_of_pipeline(counts)], {"Pipeline": pipeline, **counts})


def last_line(pipeline: str, job: str, seconds: float, counts: Mapping[str, int]) -> str:
    """Return the line that a job prints at its end.

    Args:
        pipeline: value of the dimension Pipeline.
        job: name of the Glue job, value of the dimension Job.
        seconds: how long the run took.
        counts: counts of the pipeline by metric.
    """
    directives = [_directive(["Pipeline", "Job"], {RUN_SECONDS: "Seconds"})]
    if counts:
        directives.append(_of_pipeline(counts))
    return _line(directives, {"Pipeline": pipeline, "Job": job, RUN_SECONDS: round(seconds, 3), **counts})


def is_line(text: str) -> bool:
    """Tell whether a line of a job's output is for CloudWatch and not for people."""
    return text.startswith(_BEGINNING)


def _line(directives: Sequence[Mapping[str, object]], values: Mapping[str, object]) -> str:
    return json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}, **values})


def _of_pipeline(counts: Mapping[str, int]) -> dict[str, object]:
    return _directive(["Pipeline"], dict.fromkeys(counts, "Count"))


def _directive(dimensions: Sequence[str], units: Mapping[str, str]) -> dict[str, object]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
