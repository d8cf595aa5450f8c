"""The versions of objects that a table's ledger knows, for whoever asks again and again."""

import boto3

from data_hub.iceberg.catalog import open_catalog
from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.covered_versions import COLUMNS, CoveredVersions
from data_hub.ledgers.ledger import load, unrecorded, uuid_of
from data_hub.ledgers.ledger_entry import to_arrow
from data_hub.ledgers.ledger_rows import LedgerRows


class KnownVersions:
    """The versions that the ledger of a table covers.

    Of the ledger, to which entries are only ever added, each row is read once. It is read anew when something else was
    done to its rows, or the table was made anew.

    Args:
        database: database of the Glue Data Catalog.
        table: name of the table.
        ledger: name of its ledger.
    """

    def __init__(self, database: str, table: str, ledger: str) -> None:
        self._database = database
        # The ledger comes first: what is committed after it was read is in the table's snapshots.
        self._names = (ledger, table)
        self._glue = boto3.client("glue")
        self._read_at: list[str | None] | None = None
        self._rows = LedgerRows(COLUMNS)
        self._forget()

    def _forget(self) -> None:
        self._covered = CoveredVersions()
        self._commits: set[str] = set()

    def refresh(self) -> None:
        """Read what came into the ledger since the last time; two calls of GetTable tell whether anything did.

        Raises:
            ClientError: AWS could not answer.
        """
        if self._read_at == [self._metadata_location(name) for name in self._names]:
            return
        catalog = open_catalog()
        ledger, table = (load(catalog, (self._database, name)) for name in self._names)
        unread = self._rows.unread(ledger, uuid_of(table))
        if unread.is_all:
            self._forget()
        for rows in unread.parts:
            self._commits.update(rows["commit_id"].drop_null().unique().to_pylist())
            self._covered.add(rows)
        self._covered.add(to_arrow(unrecorded(table, self._commits)).select(COLUMNS))
        self._read_at = [loaded.metadata_location if loaded else None for loaded in (ledger, table)]

    def covers(self, item: SourceObject) -> bool:
        """Tell whether this very version was dealt with, as of the last ``refresh``."""
        return self._covered.covers(item)

    def _metadata_location(self, name: str) -> str | None:
        try:
            answer = self._glue.get_table(DatabaseName=self._database, Name=name)
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return answer["Table"].get("Parameters", {}).get("metadata_location")
