"""A run of the ingestion that finds nothing new beside a ledger of many keys.

python -m bench.ledger_start FOLDER KEYS make    makes the ledger
python -m bench.ledger_start FOLDER KEYS         runs; the listing of the objects is made up
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from bench.engines import ours
from data_hub.iceberg.commit import Commit, append_rows
from data_hub.ingestion.objects import ObjectChanged, OpenObject, SourceObject
from data_hub.ledgers.ledger_entry import INGESTED, LedgerEntry, to_arrow
from data_hub.pipelines import pipeline_file

# As many runs of the job wrote it.
DATA_FILES = 100
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class MadeUpStore:
    """Objects that are only listed."""

    def __init__(self, keys: int) -> None:
        self._keys = keys

    def list_objects(self) -> Iterator[SourceObject]:
        """List as many objects as there are keys."""
        for number in range(self._keys):
            key = f"collections-data/ingest_ts={1_770_000_000 + number}/rows.csv"
            yield SourceObject(key, sha256(key.encode()).hexdigest()[:32], 1000, MOMENT)

    def open(self, item: SourceObject) -> OpenObject:
        """Refuse: nothing is new."""
        raise ObjectChanged(item.key)


def make(home: Path, keys: int) -> None:
    """Write the ledger."""
    tables = ours.open_tables(home, pipeline_file.load(ours.PIPELINE_FILE))
    items = list(MadeUpStore(keys).list_objects())
    for number in range(DATA_FILES):
        entries = [_entry(item, str(tables.rows.metadata.table_uuid), number) for item in items[number::DATA_FILES]]
        append_rows(tables.ledger, to_arrow(entries), Commit.new())


def run(home: Path, keys: int) -> None:
    """Ingest nothing."""
    ours.ingest(home, pipeline_file.load(ours.PIPELINE_FILE), MadeUpStore(keys))


def _entry(item: SourceObject, table_uuid: str, number: int) -> LedgerEntry:
    return LedgerEntry(
        key=item.key,
        version_id=None,
        etag=item.etag,
        last_modified=item.last_modified,
        sha256=item.etag * 2,
        size=item.size,
        status=INGESTED,
        rows_read=10,
        rows_ingested=10,
        rows_rejected=0,
        message="",
        job_run_id=f"jr_{number}",
        table_uuid=table_uuid,
        commit_id=f"{number:032x}",
        sequence_number=number + 1,
        recorded_at=MOMENT,
    )


if __name__ == "__main__":
    folder, count, *what = sys.argv[1:]
    (make if what else run)(Path(folder), int(count))
