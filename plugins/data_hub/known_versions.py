"""The versions of objects that a table's ledger knows, for whoever asks again and again."""

from collections.abc import Callable, Iterator
from functools import partial

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
    """The versions that the ledger of a table covers.

    Of the ledger, to which entries are only ever added, each data file is read once. It is read anew when its files
    were rewritten, or the table was made anew.

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
        self._forget(table_uuid="")

    def _forget(self, table_uuid: str) -> None:
        self._table_uuid = table_uuid
        self._covered = CoveredVersions()
        self._data_files: set[str] = set()
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
        self._read(ledger, uuid_of(table))
        for batch in to_arrow(unrecorded(table, self._commits)).select(COLUMNS).to_batches():
            self._covered.add(batch)
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

    def _read(self, ledger: IcebergTable | None, table_uuid: str) -> None:
        data_files = _data_files(ledger, table_uuid) if ledger else {}
        if table_uuid != self._table_uuid or not self._data_files <= data_files.keys():
            self._forget(table_uuid)
        # One data file at a time: the scan itself would hold the rows of all of them at once.
        for path in data_files.keys() - self._data_files:
            for batch in data_files[path]():
                self._commits.update(batch["commit_id"].drop_null().unique().to_pylist())
                self._covered.add(batch)
            self._data_files.add(path)


def _data_files(ledger: IcebergTable, table_uuid: str) -> dict[str, Callable[[], Iterator[pa.RecordBatch]]]:
    """Return the path of each data file of the ledger, and what reads its entries of a table."""
    scan = ledger.scan(row_filter=EqualTo(term="table_uuid", value=table_uuid), selected_fields=COLUMNS)
    reader = ArrowScan(ledger.metadata, ledger.io, scan.projection(), scan.row_filter)
    return {task.file.file_path: partial(reader.to_record_batches, [task]) for task in scan.plan_files()}
