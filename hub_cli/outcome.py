"""What a run left behind: its tasks, and tables, ledger and views as they are now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.sql_views.catalog_view import CatalogView
from hub_cli.dag_run import TaskEvent
from local_aws.athena import TableSummary


@dataclass(frozen=True)
class Outcome:
    """Everything that ``hub run`` tells.

    Attributes:
        state: ``success`` or ``failed``.
        seconds: from the start of the command on.
        error: what went wrong outside the tasks.
        tasks: how each task ended, in order.
        tables: name to rows and snapshots.
        ledger: the latest entry of each object, by key.
        views: what is published, by name.
        view_rows: view to its number of rows, None of a view that cannot be read.
        orchestrator: who drove the run, ``airflow`` or ``glue``; None when none was reached.
        upload_to_views: seconds from the end of the upload to the end of the last Glue job, of a run that succeeded.
    """

    state: str
    seconds: float
    error: str | None = None
    tasks: Sequence[TaskEvent] = ()
    tables: Mapping[str, TableSummary] | None = None
    ledger: Sequence[LedgerEntry] = ()
    views: Sequence[CatalogView] = ()
    view_rows: Mapping[str, int | None] = field(default_factory=dict)
    orchestrator: str | None = None
    upload_to_views: float | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the document of ``hub run --json``."""
        return {
            "state": self.state,
            "seconds": round(self.seconds, 1),
            "error": self.error,
            "orchestrator": self.orchestrator,
            "tasks": [_task(event) for event in self.tasks],
            "tables": {
                name: {"rows": table.rows, "snapshots": table.snapshots} for name, table in (self.tables or {}).items()
            },
            "ledger": [_ledger_entry(entry) for entry in self.ledger],
            "views": {
                view.name: {
                    "dialects": list(view.texts),
                    "columns": list(view.columns),
                    "rows": self.view_rows.get(view.name),
                    "check": view.check,
                    "misfits": view.misfits,
                    "note": view.note,
                }
                for view in self.views
            },
        }


def read_ledger(pipeline: Pipeline, deployment: Deployment) -> list[LedgerEntry]:
    """Return the latest ledger entry of each object, by key."""
    ledger = Ledger.open(open_catalog(), deployment.database, pipeline.table)
    return sorted(ledger.entries().values(), key=lambda entry: entry.key)


def _task(event: TaskEvent) -> dict[str, Any]:
    return {
        "task": event.task,
        "job": event.job,
        "job_run_id": event.job_run_id,
        "state": event.state,
        "seconds": event.seconds,
        "error": event.error,
    }


def _ledger_entry(entry: LedgerEntry) -> dict[str, Any]:
    shown = ("key", "etag", "status", "rows_read", "rows_ingested", "rows_rejected", "message")
    return {name: getattr(entry, name) for name in shown}
