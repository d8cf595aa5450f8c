"""How often Airflow asks AWS: how far a job is, and what is new."""

import math
import os
from datetime import timedelta

from data_hub.errors import DataHubError

JOB_RUN_VARIABLE = "DATA_HUB_POLL_SECONDS"
JOB_RUN_SECONDS = 30
ARRIVAL_VARIABLE = "DATA_HUB_WATCH_SECONDS"
ARRIVAL_SECONDS = 60


def poll_seconds() -> int:
    """Return the seconds between two questions about a job run, from the environment variable DATA_HUB_POLL_SECONDS.

    Raises:
        DataHubError: the variable holds no whole number above 0.
    """
    return _seconds(JOB_RUN_VARIABLE, JOB_RUN_SECONDS)


def watch_seconds() -> int:
    """Return the seconds between two looks for new objects, from the environment variable DATA_HUB_WATCH_SECONDS.

    Raises:
        DataHubError: the variable holds no whole number above 0.
    """
    return _seconds(ARRIVAL_VARIABLE, ARRIVAL_SECONDS)


def attempts(longest: timedelta, seconds: int) -> int:
    """Return how many questions, ``seconds`` apart, cover ``longest``."""
    return math.ceil(longest.total_seconds() / seconds) + 1


def _seconds(variable: str, default: int) -> int:
    value = os.environ.get(variable, str(default))
    if not value.isdecimal() or int(value) == 0:
        raise DataHubError(f"{variable}={value!r} is no number of seconds; set a whole number above 0, or unset it")
    return int(value)
