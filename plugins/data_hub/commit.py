"""Commits that replace the rows of whole files, once, also when an answer is lost."""

import json
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import BooleanExpression
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

COMMIT_ID = "data-hub.commit-id"
ENTRIES = "data-hub.entries"

# More values than this in one filter stop Iceberg from pruning by metrics.
MAX_KEYS = 200

TABLE_PROPERTIES = {
    "format-version": "2",
    "commit.retry.num-retries": "10",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    # Bounds are cut to 16 characters by default, which would hide from the conflict check which file is in question.
    "write.metadata.metrics.column.source_file": "full",
    "write.metadata.metrics.column.content_sha256": "full",
}
# An entry of the ledger is only appended to the ledger that its writer has read: a conflict is never resolved blindly.
LEDGER_PROPERTIES = {**TABLE_PROPERTIES, "commit.retry.num-retries": "0"}


class CommitConflict(Exception):
    """Another writer committed rows of the same files first; plan again from the table as it is now."""


@dataclass(frozen=True)
class Commit:
    """One atomic change of a table.

    Attributes:
        id: recorded in the snapshot's summary, by which the commit is found again.
        entries: what the commit did to each file, recorded beside the id, so that the ledger can be repaired from it.
    """

    id: str
    entries: Sequence[Mapping[str, Any]]

    @classmethod
    def new(cls, entries: Sequence[Mapping[str, Any]] = ()) -> "Commit":
        """Make a commit with a fresh id."""
        return cls(uuid.uuid4().hex, entries)

    @property
    def summary(self) -> dict[str, str]:
        """The properties that the snapshot carries."""
        return {COMMIT_ID: self.id, ENTRIES: json.dumps(self.entries)}


def replace_rows(table: Table, replaced: BooleanExpression, rows: pa.Table, commit: Commit) -> Snapshot:
    """Delete the rows that match and append others, in one atomic commit on the table as it was loaded.

    Args:
        table: loaded before the files were read: what other writers commit after that is a conflict.
        replaced: which rows go.
        rows: which rows come.
        commit: its id and entries.

    Returns:
        The snapshot that the commit made.

    Raises:
        CommitConflict: another writer changed rows that match; nothing was committed.
    """
    with _outcome_known(table, commit), warnings.catch_warnings(), table.transaction() as transaction:
        warnings.filterwarnings("ignore", "Delete operation did not match any records")
        # The delete is planned for new files too: it is what makes a second writer of the same file a conflict.
        transaction.delete(replaced, snapshot_properties={COMMIT_ID: commit.id})
        transaction.append(rows, snapshot_properties=commit.summary)
    return _landed(table, commit)


def append_rows(table: Table, rows: pa.Table, commit: Commit) -> Snapshot:
    """Append rows in one atomic commit; returns and raises like ``replace_rows``."""
    with _outcome_known(table, commit):
        table.append(rows, snapshot_properties=commit.summary)
    return _landed(table, commit)


@contextmanager
def _outcome_known(table: Table, commit: Commit) -> Iterator[None]:
    try:
        yield
    except (CommitFailedException, ValidationException) as error:
        raise CommitConflict(str(error)) from error
    except Exception:
        # The answer may have been lost after the commit took effect: only the table knows.
        table.refresh()
        if find(table, commit.id) is None:
            raise


def _landed(table: Table, commit: Commit) -> Snapshot:
    snapshot = find(table, commit.id)
    if snapshot is None:
        raise CommitConflict(f"commit {commit.id} is not in the table's history")
    return snapshot


def find(table: Table, commit_id: str) -> Snapshot | None:
    """Return the last snapshot of a commit, None when it is not in the table's history."""
    return _newest(snapshot for snapshot in table.snapshots() if id_of(snapshot) == commit_id)


def last(table: Table) -> Snapshot | None:
    """Return the newest snapshot that a commit of ours made; compaction makes others."""
    return _newest(snapshot for snapshot in table.snapshots() if id_of(snapshot) is not None)


def id_of(snapshot: Snapshot) -> str | None:
    """Return the id of the commit that made a snapshot, None for a snapshot of another origin."""
    return _property(snapshot, COMMIT_ID)


def entries_of(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the entries of the commit that made a snapshot."""
    entries: list[dict[str, Any]] = json.loads(_property(snapshot, ENTRIES) or "[]")
    return entries


def _newest(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    return max(snapshots, key=lambda snapshot: snapshot.sequence_number or 0, default=None)


def _property(snapshot: Snapshot, name: str) -> str | None:
    return None if snapshot.summary is None else snapshot.summary.additional_properties.get(name)
