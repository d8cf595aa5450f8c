"""What is measured: sections of cases, each an engine and its objects."""

from collections.abc import Sequence
from dataclasses import dataclass, field

OURS = "ours"
FAST = (OURS, "polars_sink_iceberg", "polars_add_files", "duckdb_add_files", "naive_pyiceberg")
SLOW = ("spark_csv", "dlt_arrow")
# Its reader makes Python objects of every row: only at the smaller size, once.
SLOWEST = "dlt_csv"
ENGINES = (*FAST, *SLOW, SLOWEST)
REJECTS = 0.05


@dataclass(frozen=True)
class Dataset:
    """Objects of one kind, made once.

    Attributes:
        name: of its folder in the cache.
        module: makes it.
        arguments: that the module takes after the folder.
    """

    name: str
    module: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One engine on one dataset.

    Attributes:
        engine: a module of ``bench.engines``.
        dataset: its objects.
        runs: how often it is measured.
        again: measure a second run too, which finds nothing new.
    """

    engine: str
    dataset: Dataset
    runs: int
    again: bool = False

    @property
    def key(self) -> str:
        """Name among the results; sections with the same case share its measurements."""
        return f"{self.dataset.name}/{self.engine}"


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    rows: int = 10_000_000
    small_rows: int = 1_000_000
    more_rows: Sequence[int] = (1_000_000, 10_000_000, 40_000_000)
    files: Sequence[int] = (100, 1_000, 10_000)
    ledger_keys: int = 100_000
    runs: int = 3
    engines: Sequence[str] = field(default=ENGINES)

    def sections(self) -> dict[str, list[Case]]:
        """Return the cases of each section."""
        small, main = rows(self.small_rows), rows(self.rows)
        slow_runs = {**dict.fromkeys(SLOW, self.runs if small == main else 1), SLOWEST: 1}
        at_small = [Case(name, small, slow_runs.get(name, self.runs)) for name in self.engines]
        return {
            "engines": [Case(name, main, self.runs) for name in self.engines if name != SLOWEST],
            "small": at_small,
            "shuffled": [
                Case(name, rows(self.rows, shuffled=True), self.runs) for name in self.engines if name in FAST
            ],
            "rows": [Case(OURS, rows(count), self.runs) for count in self.more_rows],
            "files": [Case(OURS, files(count), self.runs, again=True) for count in self.files],
            "rejects": [Case(OURS, small, self.runs), Case(OURS, rows(self.small_rows, rejects=REJECTS), self.runs)],
            "ledger": [Case("ledger_start", ledger(self.ledger_keys), self.runs)],
        }


def rows(count: int, *, shuffled: bool = False, rejects: float = 0.0) -> Dataset:
    """Return one object with all rows."""
    kind = f"{'-shuffled' if shuffled else ''}{'-rejects' if rejects else ''}"
    return Dataset(f"rows-{count}{kind}", "bench.datasets", (str(count), str(shuffled), str(rejects)))


def files(count: int) -> Dataset:
    """Return many small objects."""
    return Dataset(f"files-{count}", "bench.datasets", (str(count),))


def ledger(keys: int) -> Dataset:
    """Return a ledger of many keys."""
    return Dataset(f"ledger-{keys}", "bench.ledger_start", (str(keys), "make"))
