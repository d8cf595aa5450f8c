"""How often Airflow asks AWS how far a job is."""

import math
import os
from datetime import timedelta

from data_hub.errors import DataHubError

VARIABLE = "DATA_HUB_POLL_SECONDS"
DEFAULT_SECONDS = 30


def poll_seconds() -> int:
    """Return the seconds between two questions, from the environment variable DATA_HUB_POLL_SECONDS.

    Raises:
        DataHubError: the variable holds no whole number above 0.
    """
    value = os.environ.get(VARIABLE, str(DEFAULT_SECONDS))
    if not value.isdecimal() or int(value) == 0:
        raise DataHubError(f"{VARIABLE}={value!r} is no number of seconds; set a whole number above 0, or unset it")
    return int(value)


def attempts(longest: timedelta, seconds: int) -> int:
    """Return how many questions, ``seconds`` apart, cover ``longest``."""
    return math.ceil(longest.total_seconds() / seconds) + 1
