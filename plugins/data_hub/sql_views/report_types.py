"""The types of the item columns of a report view, as the contract wants them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

STRING = "string"


@dataclass(frozen=True)
class ReportTypes:
    """Pattern of item codes to type; see ``Table.report``."""

    patterns: Mapping[str, str]

    def of(self, item: str) -> str:
        """Return the type of an item's column: string, bigint or decimal(p,s)."""
        return next((name for pattern, name in self._expressions if pattern.fullmatch(item)), STRING)

    @cached_property
    def _expressions(self) -> list[tuple[re.Pattern[str], str]]:
        return [
            (re.compile(re.escape(pattern).replace(r"\*", ".*"), re.ASCII | re.IGNORECASE | re.DOTALL), name)
            for pattern, name in self.patterns.items()
        ]
