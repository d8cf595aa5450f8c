"""The measurements: kept in a JSON file after each run, so that an interrupted series goes on where it ended."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Results:
    """What was measured.

    Attributes:
        path: the JSON file.
        machine: what it was measured on.
        sections: section to the keys of its cases, as last asked for.
        cases: key of a case to its measurements.
        failed: key of a case to why it could not be measured.
    """

    path: Path
    machine: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[str]] = field(default_factory=dict)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read the file; a missing one holds nothing."""
        return cls(path, **(json.loads(path.read_text()) if path.exists() else {}))

    def count(self, key: str) -> int:
        """Return how many measurements a case has."""
        return len(self.cases.get(key, []))

    def missing(self, key: str, runs: int) -> int:
        """Return how many measurements a case lacks."""
        return max(0, runs - self.count(key))

    def add(self, key: str, measured: dict[str, Any]) -> None:
        """Keep a measurement."""
        self.cases.setdefault(key, []).append(measured)
        self.failed.pop(key, None)
        self._save()

    def fail(self, key: str, reason: str) -> None:
        """Keep why a case could not be measured."""
        self.failed[key] = reason
        self._save()

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        found = {name: value for name, value in asdict(self).items() if name != "path"}
        self.path.write_text(json.dumps(found, indent=1) + "\n")

    def series(self, key: str, name: str, of: str = "") -> list[float]:
        """Return a figure of all measurements of a case, or of their part ``of``."""
        return [(one[of] if of else one)[name] for one in self.cases.get(key, [])]

    def median(self, key: str, name: str, of: str = "") -> float:
        """Return the median of a figure."""
        return statistics.median(self.series(key, name, of))
