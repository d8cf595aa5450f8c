"""What an engine of the ingestion does: it reads objects, and commits what it has read."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pyiceberg.table.snapshots import Snapshot

from data_hub.iceberg.commit import Commit
from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.ledger_entry import LedgerEntry


class Batch(Protocol):
    """Objects that were read and are not committed yet."""

    @property
    def entries(self) -> Sequence[LedgerEntry]:
        """What became of each object: ``ingested``, ``rejected``, ``skipped`` or ``unreadable``."""

    @property
    def taken(self) -> int:
        """How many of the objects that were asked for are dealt with; the others are left for another batch."""

    def commit_rejects(self) -> None:
        """Put rejects into their table; doing it again for the same contents changes nothing.

        Raises:
            CommitConflict: another writer was in the way; nothing was committed.
        """

    def commit_rows(self, commit: Commit) -> Snapshot:
        """Replace the rows of the keys that are ``ingested``, in one atomic commit.

        Raises:
            CommitConflict: another writer changed rows of these keys since the batch was read; nothing was committed.
        """

    def discard(self) -> None:
        """Remove what was written for the batch and no commit has taken."""


class Engine(Protocol):
    """Reads objects."""

    def read(self, items: Sequence[SourceObject], known: Callable[[str], LedgerEntry | None]) -> Batch:
        """Read objects, from the first on, until all are read or no new one may be begun.

        Args:
            items: the versions that were listed.
            known: gives the latest ledger entry of a key.

        Raises:
            ColumnsMissing: the table lacks columns that it is to gain; nothing of the batch is left.
        """
