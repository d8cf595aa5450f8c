"""A size that somebody limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How large something is, and how large it may be.

    Attributes:
        size: how large it is.
        limit: the most that is taken.
        unit: what is counted.
    """

    size: int
    limit: int
    unit: str

    @property
    def is_over(self) -> bool:
        """Whether it is too large."""
        return self.size > self.limit

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.size:,} {self.unit}, at most {self.limit:,} are taken"
