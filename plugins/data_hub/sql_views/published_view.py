"""What became of one view in a run of the views job."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data_hub.sql_views.view_publication import Outcome
from data_hub.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

ViewOutcome = Outcome | Literal["refused", "failed", "gone", "dropped"]

PASSED = "passed"
FAILED = "failed"
NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class PublishedView:
    """What became of one view.

    Attributes:
        name: the view; for a refused series the series as the data spells it.
        outcome: what was done. ``refused``: a series without a view. ``failed``: the note says why. ``gone``: the
            pipeline no longer defines it.
        columns: number of columns.
        note: what the view leaves out, or why there is none; empty when there is nothing to say.
        rows: rows of the view, None when nobody counted.
        check: what its check found; begins with ``passed``, ``failed`` or ``not checked``. Values that do not fit their
            column's type follow after a semicolon.
        can_be_repeated: whether a failed view may succeed when the job runs again.
    """

    name: str
    outcome: ViewOutcome
    columns: int = 0
    note: str = ""
    rows: int | None = None
    check: str = ""
    can_be_repeated: bool = False

    @property
    def failure(self) -> str | None:
        """Why the job has to fail, None when it has not to."""
        if self.outcome == "failed":
            return self.note
        return f"View {self.name}: check {self.check}" if self.check.startswith(FAILED) else None

    def __str__(self) -> str:
        """Return the view's line in the job's log."""
        if self.outcome == "refused":
            return f"refused: {self.note}"
        parts = [f"{self.name}: {self.outcome}"]
        if self.columns:
            parts.append(counted(self.columns, "column"))
        if self.rows is not None:
            parts.append(counted(self.rows, "row"))
        if self.check:
            parts.append(f"check {self.check}")
        line = ", ".join(parts)
        return f"{line} ({self.note})" if self.note else line


def summarise(published: Sequence[PublishedView]) -> str:
    """Return the last line of the job's log: ``3 views: 2 created, 1 unchanged; 1 series without a view``."""
    views = [view for view in published if view.outcome != "refused"]
    outcomes = Counter(view.outcome for view in views)
    line = f"{counted(len(views), 'view')}: {', '.join(f'{number:,} {name}' for name, number in outcomes.items())}"
    if refused := len(published) - len(views):
        line += f"; {refused:,} series without a view"
    if any(view.check.startswith(NOT_CHECKED) for view in views):
        line += f"; {NOT_CHECKED}"
    if told := [view.name for view in views if view.check.startswith(FAILED) or "; " in view.check]:
        line += f"; see the check of {', '.join(told)}"
    return line
