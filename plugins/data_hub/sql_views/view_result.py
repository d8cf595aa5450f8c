"""What became of one view in a run of the views job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data_hub.wording import counted

ViewOutcome = Literal["created", "replaced", "unchanged", "left out", "failed", "gone", "dropped"]


@dataclass(frozen=True)
class ViewResult:
    """What became of one view, or of a series that gets none.

    Attributes:
        name: the view; of a series that is left out the series as the data spells it.
        outcome: what was done. ``left out``: a series without a view. ``failed``: not published, the error says why.
            ``gone``: the pipeline no longer defines it.
        columns: number of columns.
        note: what the view leaves out, or why the series has none; empty when there is nothing to say.
        rows: rows of the view, None when nobody counted.
        check: what its check found; begins with ``passed``, ``failed`` or ``not checked``.
        misfits: how many values its columns cannot hold; empty when they hold all.
        error: why the job has to fail; empty when it has not to.
        can_be_repeated: whether another run of the job may succeed where this one failed.
    """

    name: str
    outcome: ViewOutcome
    columns: int = 0
    note: str = ""
    rows: int | None = None
    check: str = ""
    misfits: str = ""
    error: str = ""
    can_be_repeated: bool = False

    def __str__(self) -> str:
        """Return the view's line in the job's log."""
        if self.outcome == "left out":
            return f"left out: {self.note}"
        parts = [f"{self.name}: {self.outcome}"]
        if self.columns:
            parts.append(counted(self.columns, "column"))
        if self.rows is not None:
            parts.append(counted(self.rows, "row"))
        if self.check:
            parts.append(f"check {self.check}")
        remarks = "; ".join(remark for remark in (self.misfits, self.note, self.error) if remark)
        return f"{', '.join(parts)} ({remarks})" if remarks else ", ".join(parts)
