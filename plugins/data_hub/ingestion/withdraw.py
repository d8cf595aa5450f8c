"""Taking the rows of one object out of the table, for good."""

from collections.abc import Callable
from dataclasses import replace

from pyiceberg.expressions import In
from pyiceberg.table import Table as IcebergTable

from data_hub import lineage
from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import commit
from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.commit import Commit, CommitConflict
from data_hub.ledgers.ledger import Ledger, load
from data_hub.ledgers.ledger_entry import WITHDRAWN, LedgerEntry
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline

ATTEMPTS = 10


def withdraw(
    pipeline: Pipeline, deployment: Deployment, key: str, job_run_id: str, tell: Callable[[str], None]
) -> LedgerEntry:
    """Remove the rows of an object in one atomic commit, and record that they are to stay out.

    They stay out until the key is delivered again. Rejected rows stay where they are.

    Args:
        pipeline: names the table.
        deployment: where it is.
        key: the object's key; the object itself may be gone.
        job_run_id: recorded in the ledger as who did it.
        tell: takes a line about what was done.

    Returns:
        The ledger entry, with the counts of the content that left the table.

    Raises:
        DataHubError: there is no table yet, or it has no rows of this key because it was never ingested or is withdrawn
            already.
        TryAgainError: other writers were in the way for too long.
    """
    rows, ledger = _open(pipeline, deployment)
    for _ in range(ATTEMPTS):
        # What others commit from here on is a conflict.
        ledger.refresh()
        entry = _withdrawn(ledger, key, job_run_id)
        try:
            done = _remove(rows, entry)
        except CommitConflict:
            continue
        ledger.record([done])
        tell(str(done))
        return done
    raise TryAgainError(
        f"Other writers of '{pipeline.table.name}' were in the way {ATTEMPTS} times; withdraw again when they ended"
    )


def _open(pipeline: Pipeline, deployment: Deployment) -> tuple[IcebergTable, Ledger]:
    catalog, table = open_catalog(), pipeline.table
    ledger, rows = (load(catalog, (deployment.database, name)) for name in (table.ledger_name, table.name))
    if ledger is None or rows is None:
        raise DataHubError(
            f"Database '{deployment.database}' has no table '{table.name if rows is None else table.ledger_name}': "
            f"nothing of pipeline '{pipeline.pipeline}' was ingested yet"
        )
    return rows, Ledger(ledger, rows)


def _withdrawn(ledger: Ledger, key: str, job_run_id: str) -> LedgerEntry:
    latest, content = ledger.latest(key), ledger.content(key)
    if latest is None:
        raise DataHubError(f"{key} was never ingested; give the whole key, as ledger and source_file have it")
    if content is None:
        if any(entry.status == WITHDRAWN for entry in ledger.history(key)):
            raise DataHubError(f"{key} is withdrawn already; deliver it again to have it ingested again")
        raise DataHubError(f"{key} has no rows in the table, it was {latest.status}: {latest.message}")
    # The latest delivery stays out, be it another content that was rejected.
    return replace(
        latest,
        status=WITHDRAWN,
        rows_read=content.rows_read,
        rows_ingested=content.rows_ingested,
        rows_rejected=content.rows_rejected,
        message=f"the rows of the content with SHA-256 {content.sha256} were removed",
        job_run_id=job_run_id,
    )


def _remove(rows: IcebergTable, entry: LedgerEntry) -> LedgerEntry:
    done = Commit.new([entry.to_summary()])
    snapshot = commit.replace(rows, In(term=lineage.SOURCE_FILE, literals={entry.key}), [], done)
    return entry.of_commit(done.id, snapshot.sequence_number or 0, snapshot.snapshot_id)
