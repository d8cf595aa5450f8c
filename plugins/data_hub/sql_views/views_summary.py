"""The line in which the views job sums up what it did."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from data_hub.sql_views.view_parameters import FAILED, NOT_CHECKED
from data_hub.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from data_hub.sql_views.view_result import ViewResult

_LINE = re.compile(r"\d[\d,]* views?: ")


def line(results: Sequence[ViewResult]) -> str:
    """Return the last line of the job's log: ``3 views: 2 created, 1 unchanged; 1 series without a view``."""
    views = [result for result in results if result.outcome != "left out"]
    outcomes = Counter(view.outcome for view in views)
    parts = [f"{counted(len(views), 'view')}: {', '.join(f'{number:,} {name}' for name, number in outcomes.items())}"]
    if left_out := len(results) - len(views):
        parts.append(f"{left_out:,} series without a view")
    if any(view.check.startswith(NOT_CHECKED) for view in views):
        parts.append(NOT_CHECKED)
    if failed := [view.name for view in views if view.check.startswith(FAILED)]:
        parts.append(f"the check failed of {', '.join(failed)}")
    if unfit := [view.name for view in views if view.misfits]:
        parts.append(f"values that do not fit their column in {', '.join(unfit)}")
    return "; ".join(parts)


def of_output(lines: Iterable[str]) -> str:
    """Return the summary in the lines of a job run's output; empty when the run ended before it could say so."""
    return next(filter(_LINE.match, reversed(list(lines))), "")
