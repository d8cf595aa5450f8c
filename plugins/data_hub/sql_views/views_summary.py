"""The line in which the views job sums up what it did."""

import re
from collections.abc import Iterable

_LINE = re.compile(r"\d[\d,]* views?: ")


def of_output(lines: Iterable[str]) -> str:
    """Return the summary in the lines of a job run's output; empty when the run ended before it could say so."""
    return next(filter(_LINE.match, reversed(list(lines))), "")
