"""What other engines do to the tables besides: they compact data files and expire snapshots."""

from datetime import UTC, datetime, timedelta

from lake import Lake
from pyiceberg.exceptions import CommitFailedException, ValidationException

from data_hub.iceberg import data_files


def compact(lake: Lake, suffix: str = "") -> bool:
    """Write all rows of a table into data files anew; return False if another writer was faster."""
    table = lake.table(suffix)
    before = [task.file for task in table.scan().plan_files()]
    after = data_files.written(table, [table.scan().to_arrow()])
    try:
        with table.transaction() as transaction, transaction.update_snapshot().overwrite() as rewrite:
            for data_file in before:
                rewrite.delete_data_file(data_file)
            for data_file in after:
                rewrite.append_data_file(data_file)
    except (CommitFailedException, ValidationException):
        return False
    return True


def expire_snapshots(lake: Lake, suffix: str = "") -> int:
    """Expire all snapshots but the current one; return how many are left."""
    table = lake.table(suffix)
    table.maintenance.expire_snapshots().older_than(datetime.now(UTC) + timedelta(days=1)).commit()
    return len(lake.table(suffix).snapshots())
