"""A size that somebody limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """How large something is, and how large it may be.

    Attributes:
        actual: how large it is.
        most: the most that is taken.
        unit: what is counted.
    """

    actual: int
    most: int
    unit: str

    @property
    def is_exceeded(self) -> bool:
        """Whether it is too large."""
        return self.actual > self.most

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.actual:,} {self.unit}, at most {self.most:,} are taken"
