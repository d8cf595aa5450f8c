"""Task that stays red while a file is rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from data_hub.airflow.failures import KnownFailure, failing_without_retry
from data_hub.airflow.jobs import read_deployment
from data_hub.airflow.summary import leave_summary
from data_hub.wording import counted

if TYPE_CHECKING:
    from airflow.sdk import Context

    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.pipelines.pipeline import Pipeline


class RejectedFilesOperator(BaseOperator):
    """Fails while the ledger holds rejected files that were neither delivered again nor acknowledged.

    It runs after everything else, so a rejected file is seen and holds nobody up. People are told of it once, by the
    DAG run in which it was rejected; the runs after that fail in this task with a KnownFailure.

    Args:
        pipeline: the pipeline whose ledger is read.
        kwargs: arguments of BaseOperator.
    """

    def __init__(self, *, pipeline: Pipeline, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline = pipeline

    def execute(self, context: Context) -> None:
        """Read the ledger.

        Raises:
            AirflowFailException: files are rejected; each is named with the reason.
            KnownFailure: they are, but none since this DAG run began.
        """
        from data_hub.iceberg.catalog import open_catalog
        from data_hub.ledgers.ledger import Ledger

        with failing_without_retry():
            deployment = read_deployment(self.pipeline)
            ledger = Ledger.open(open_catalog(), deployment.database, self.pipeline.table)
        rejected = ledger.rejected_files()
        leave_summary(context, f"{len(rejected):,} rejected" if rejected else "none")
        if rejected:
            began = context["dag_run"].start_date
            is_news = began is None or any(entry.recorded_at >= began for entry in rejected)
            raise (AirflowFailException if is_news else KnownFailure)(_report(rejected))


def _report(rejected: list[LedgerEntry]) -> str:
    more = f" and {counted(len(rejected) - 1, 'other')}" if len(rejected) > 1 else ""
    files = "\n".join(f"  {entry.key}: {entry.message}" for entry in rejected)
    return (
        f"Not ingested: {rejected[0].key}{more}\n"
        f"{files}\n"
        "Deliver each again, corrected, under the same key, or acknowledge it (docs/ingestion.md); every run tries "
        "unreadable ones again. Then clear this task"
    )
