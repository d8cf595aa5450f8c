"""When a job run takes no new file any more, so that it ends before Glue ends it."""

import time
from dataclasses import dataclass

SHARE = 0.8

# Python imports this module within seconds of the process' begin; Glue's own clock started a little earlier.
_BEGAN = time.monotonic()


def seconds_since_begin() -> float:
    """Return for how long this process has been running."""
    return time.monotonic() - _BEGAN


@dataclass(frozen=True)
class Deadline:
    """A point in time, after a share of the job's timeout.

    A run that was started with a timeout of its own is measured by the job's nevertheless: what it has not committed
    when Glue ends it is left to the next run.

    Attributes:
        timeout: the job's timeout in minutes; None when it is not known, then there is no such point.
    """

    timeout: int | None

    def is_over(self) -> bool:
        """Tell whether it is too late for a new file."""
        return self.timeout is not None and seconds_since_begin() >= self.timeout * 60 * SHARE

    def __str__(self) -> str:
        """Return what it is a share of, in words."""
        return f"{SHARE:.0%} of the job's timeout of {self.timeout} minutes"
