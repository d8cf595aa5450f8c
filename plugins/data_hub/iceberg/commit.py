"""Commits that replace the rows of whole files, once, also when an answer is lost."""

import base64
import json
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Snapshot, ancestors_of

from data_hub.errors import TryAgainError
from data_hub.iceberg import data_files as data_file_writing
from data_hub.iceberg.removal import Removal

COMMIT_ID = "data-hub.commit-id"
ENTRIES = "data-hub.entries"

# More values than this in one filter stop Iceberg from pruning by metrics.
MAX_KEYS = 200

TABLE_PROPERTIES = {
    "format-version": "2",
    "commit.retry.num-retries": "10",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    # A manifest for each commit would make every later commit read all of them.
    "commit.manifest-merge.enabled": "true",
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
        return {COMMIT_ID: self.id, ENTRIES: _packed(self.entries)}


def replace(table: Table, replaced: BooleanExpression, data_files: Sequence[DataFile], commit: Commit) -> Snapshot:
    """Remove the rows that match and add data files, in one atomic commit on the table as it was loaded.

    Args:
        table: loaded before the objects were read: what other writers commit after that is a conflict.
        replaced: which rows go. Data files that hold other rows too are written anew.
        data_files: what comes.
        commit: its id and entries.

    Returns:
        The snapshot that the commit made.

    Raises:
        CommitConflict: another writer changed rows that match; nothing was committed.
    """
    with outcome_known(table, commit):
        removal = Removal.plan(table, replaced)
        planned = _Planned.of(table)
        try:
            with planned.transaction() as transaction:
                _stage(transaction, replaced, removal, data_files, commit)
        except (CommitFailedException, ValidationException):
            data_file_writing.delete(table, [data_file.file_path for data_file in removal.rewritten])
            raise
        table.metadata, table.metadata_location = planned.metadata, planned.metadata_location
    return landed(table, commit)


def _stage(
    transaction: Transaction,
    replaced: BooleanExpression,
    removal: Removal,
    data_files: Sequence[DataFile],
    commit: Commit,
) -> None:
    update = transaction.update_snapshot(snapshot_properties=commit.summary)
    if removal.removed:
        with update.overwrite() as overwrite:
            overwrite.delete_by_predicate(replaced)
            for data_file in removal.removed:
                overwrite.delete_data_file(data_file)
            for data_file in (*removal.rewritten, *data_files):
                overwrite.append_data_file(data_file)
    else:
        # It finds nothing to delete; it is what makes a second writer of the same files a conflict.
        with update.delete() as delete:
            delete.delete_by_predicate(replaced)
        with update.merge_append() as append:
            for data_file in data_files:
                append.append_data_file(data_file)


class _Planned(Table):
    """A table as a commit was planned on it, which is more than pyiceberg checks before it commits on top of others."""

    # Of the first snapshot, when there was none yet.
    _first_number: int | None

    @classmethod
    def of(cls, table: Table) -> "_Planned":
        planned = cls(table.name(), table.metadata, table.metadata_location, table.io, table.catalog, table.config)
        planned._first_number = None if table.current_snapshot() else table.last_sequence_number + 1
        return planned

    def refresh(self) -> Table:
        """Load what another writer committed, to commit on top of it.

        Raises:
            ValidationException: the partition spec is another one, and pyiceberg would register the data files as if
                they were of that one; or a snapshot has expired that pyiceberg would not miss.
        """
        spec_id = self.metadata.default_spec_id
        super().refresh()
        if self.metadata.default_spec_id != spec_id:
            raise ValidationException("the partition spec of the table was changed")
        numbers = {each.sequence_number for each in ancestors_of(self.current_snapshot(), self.metadata)}
        if numbers and self._first_number is not None and self._first_number not in numbers:
            raise ValidationException("what others committed to the empty table is known in part only")
        return self


def replace_rows(table: Table, replaced: BooleanExpression, rows: pa.Table, commit: Commit) -> Snapshot:
    """Remove the rows that match and add others; otherwise like ``replace``."""
    return replace(table, replaced, data_file_writing.written(table, [rows]), commit)


def append_rows(table: Table, rows: pa.Table, commit: Commit) -> Snapshot:
    """Append rows in one atomic commit; returns and raises like ``replace_rows``."""
    with outcome_known(table, commit):
        files = data_file_writing.written(table, [rows])
        with (
            table.transaction() as transaction,
            transaction.update_snapshot(snapshot_properties=commit.summary).merge_append() as append,
        ):
            for data_file in files:
                append.append_data_file(data_file)
    return landed(table, commit)


@contextmanager
def outcome_known(table: Table, commit: Commit) -> Iterator[None]:
    """Run a commit; what it raises is never left open: it landed, or a conflict kept it out, or an error is raised.

    Raises:
        CommitConflict: another writer was in the way; nothing was committed.
    """
    try:
        yield
    except (CommitFailedException, ValidationException) as error:
        raise CommitConflict(str(error)) from error
    except Exception:
        # The answer may have been lost after the commit took effect: only the table knows.
        table.refresh()
        if find(table, commit.id) is None:
            raise


def landed(table: Table, commit: Commit) -> Snapshot:
    """Return the snapshot of a commit.

    Raises:
        TryAgainError: the table has none any more; nothing is known of what it did, and nothing is undone.
    """
    snapshot = find(table, commit.id)
    if snapshot is None:
        raise TryAgainError(
            f"Commit {commit.id} is not in the history of '{'.'.join(table.name())}'; start the job again"
        )
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
    packed = _property(snapshot, ENTRIES)
    return _unpacked(packed) if packed else []


def _packed(entries: Sequence[Mapping[str, Any]]) -> str:
    # Each snapshot carries them for as long as it lives, in a metadata file that every commit writes anew.
    return base64.b64encode(zlib.compress(json.dumps(entries).encode(), 9)).decode()


def _unpacked(packed: str) -> list[dict[str, Any]]:
    # Written plainly by earlier versions.
    text = packed if packed.startswith("[") else zlib.decompress(base64.b64decode(packed))
    entries: list[dict[str, Any]] = json.loads(text)
    return entries


def _newest(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    return max(snapshots, key=lambda snapshot: snapshot.sequence_number or 0, default=None)


def _property(snapshot: Snapshot, name: str) -> str | None:
    return None if snapshot.summary is None else snapshot.summary.additional_properties.get(name)
