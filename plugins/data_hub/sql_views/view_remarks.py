"""What people should know of a published view: a check that failed, values without a place, what it leaves out."""

from __future__ import annotations

from typing import Protocol

from data_hub.sql_views.published_view import FAILED, PASSED


class Checked(Protocol):
    """A view as the catalogue describes it, wherever it was read."""

    @property
    def note(self) -> str:
        """What the view leaves out; empty when there is nothing to say."""

    @property
    def check(self) -> str:
        """What came of holding it against its table: ``passed``, ``failed: ...``, ``not checked: ...``.

        After a semicolon there may be more, but for a failure.
        """


def has_failed(view: Checked) -> bool:
    """Tell whether a view does not show what its table holds."""
    return view.check.startswith(FAILED)


def has_passed(view: Checked) -> bool:
    """Tell whether a view shows what its table holds; not so of one that nobody has checked."""
    return view.check.startswith(PASSED)


def remarks(view: Checked) -> list[str]:
    """Return what is to be told of a view, a text for each; none of a view that is whole and in order."""
    of_check = f"check {view.check}" if has_failed(view) else view.check.partition("; ")[2]
    return [remark for remark in (of_check, view.note) if remark]
