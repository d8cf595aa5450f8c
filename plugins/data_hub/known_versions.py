"""The versions of objects that a table's ledger knows, for whoever asks again and again."""

from collections.abc import Iterator

import boto3
import pyarrow as pa
from pyiceberg.expressions import EqualTo
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import Table as IcebergTable

from data_hub.catalog import open_catalog
from data_hub.covered_versions import COLUMNS, CoveredVersions
from data_hub.ledger import load, unrecorded, uuid_of
from data_hub.ledger_entry import to_arrow
from data_hub.objects import SourceObject


class KnownVersions:
    """The versions that the ledger of a table covers; it is read again only when it or the table changed.

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
        self._covered = CoveredVersions()
        self._read_at: list[str | None] | None = None

    def refresh(self) -> None:
        """Read the ledger, if it or the table changed since the last time: two calls of GetTable tell.

        Raises:
            ClientError: AWS could not answer.
        """
        if self._read_at == [self._metadata_location(name) for name in self._names]:
            return
        # What is known makes room for what is read; should that fail, the next call reads again.
        self._covered, self._read_at = CoveredVersions(), None
        catalog = open_catalog()
        ledger, table = (load(catalog, (self._database, name)) for name in self._names)
        self._covered = CoveredVersions(_entries(ledger, table))
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


def _entries(ledger: IcebergTable | None, table: IcebergTable | None) -> Iterator[pa.RecordBatch]:
    """Yield the ledger's entries, then those that only the table's snapshots hold."""
    commits: set[str] = set()
    for batch in _recorded(ledger, uuid_of(table)):
        commits.update(batch["commit_id"].drop_null().unique().to_pylist())
        yield batch
    yield from to_arrow(unrecorded(table, commits)).select(COLUMNS).to_batches()


def _recorded(ledger: IcebergTable | None, table_uuid: str) -> Iterator[pa.RecordBatch]:
    if ledger is None:
        return
    scan = ledger.scan(row_filter=EqualTo(term="table_uuid", value=table_uuid), selected_fields=COLUMNS)
    reader = ArrowScan(ledger.metadata, ledger.io, scan.projection(), scan.row_filter)
    # One data file at a time: the scan itself would hold the rows of all of them at once.
    for task in scan.plan_files():
        yield from reader.to_record_batches([task])
