"""What an ingestion run did to each file: for XCom, for the task's log and for the asset event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.pipelines.pipeline import Pipeline

# XCom key of the counts per file.
FILES_KEY = "files"
MAX_FILES = 100

_FIELDS = ("key", "status", "rows_read", "rows_ingested", "rows_rejected", "message")
_HEADINGS = ("file", "status", "read", "ingested", "rejected", "")


@dataclass(frozen=True)
class FileCounts:
    """What a job run did.

    Attributes:
        entries: its ledger entries, by key.
        snapshot_id: the Iceberg table's current snapshot, None before the first commit.
    """

    entries: Sequence[LedgerEntry]
    snapshot_id: int | None

    @property
    def summary(self) -> str:
        """All counts in one line."""
        from data_hub.ingestion.ingest import summarise

        return summarise(self.entries)

    def to_xcom(self) -> list[dict[str, Any]]:
        """Return the counts of the first ``MAX_FILES`` files."""
        return [{name: getattr(entry, name) for name in _FIELDS} for entry in self.entries[:MAX_FILES]]

    def to_asset_extra(self) -> dict[str, Any]:
        """Return totals and snapshot for the asset event; the snapshot id as text, for it is too long for JSON."""
        totals = {name: sum(getattr(entry, name) for entry in self.entries) for name in _FIELDS[2:5]}
        return {"files": len(self.entries), **totals, "snapshot_id": str(self.snapshot_id or "")}

    def to_table(self) -> list[str]:
        """Return a line per file, aligned."""
        rows = [_HEADINGS, *(_row(entry) for entry in self.entries[:MAX_FILES])]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
        lines = [_aligned(row, widths) for row in rows]
        if len(self.entries) > MAX_FILES:
            lines.append(f"... and {len(self.entries) - MAX_FILES:,} more")
        return lines


def read(pipeline: Pipeline, job_run_id: str) -> FileCounts:
    """Read what a job run wrote into the ledger.

    Raises:
        DataHubError: the job is not deployed any more, or its arguments are missing.
    """
    from data_hub.airflow.jobs import read_deployment
    from data_hub.iceberg import commit
    from data_hub.iceberg.catalog import open_catalog
    from data_hub.ledgers.ledger import Ledger

    deployment, catalog = read_deployment(pipeline), open_catalog()
    entries = Ledger.open(catalog, deployment.database, pipeline.table).entries().values()
    own = sorted((entry for entry in entries if entry.job_run_id == job_run_id), key=lambda entry: entry.key)
    snapshot = commit.last(catalog.load_table((deployment.database, pipeline.table.name))) if own else None
    return FileCounts(own, snapshot.snapshot_id if snapshot else None)


def _row(entry: LedgerEntry) -> tuple[str, ...]:
    counts = (entry.rows_read, entry.rows_ingested, entry.rows_rejected)
    return (entry.key, entry.status, *(f"{count:,}" for count in counts), shortened(entry.message, 200))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    key, status, *counts, message = row
    numbers = [count.rjust(width) for count, width in zip(counts, widths[2:5], strict=True)]
    return "  ".join([key.ljust(widths[0]), status.ljust(widths[1]), *numbers, message]).rstrip()
