"""DuckDB: COPY into partitioned Parquet files, which pyiceberg adds to the table.

DuckDB's own Iceberg extension writes through a REST catalog only, so it is no engine here.
"""

import sys
from pathlib import Path

import duckdb

from bench import iceberg

COPY = """
copy (
    select * replace (to_timestamp(submission_ts) as submission_ts), seriesid as p_series, year(aod) as p_year
    from read_csv(
        $objects, header = true, auto_detect = false, hive_partitioning = false,
        columns = {columns}, dateformat = '%Y%m%d'
    )
) to $data (format parquet, compression zstd, partition_by (p_series, p_year), write_partition_columns false)
"""


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    table = iceberg.create_table(home)
    data = Path(table.location()) / "data"
    data.parent.mkdir(parents=True, exist_ok=True)
    types = dict.fromkeys(iceberg.TYPES, "varchar")
    types |= {"aod": "date", "rssdid": "bigint", "submission_ts": "bigint", "item_value": "decimal(38, 6)"}
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set TimeZone = 'UTC'")
        objects = str(folder / "**" / "*.csv")
        connection.execute(COPY.format(columns=types), {"objects": objects, "data": str(data)})
    table.add_files([str(path) for path in sorted(data.rglob("*.parquet"))])


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
