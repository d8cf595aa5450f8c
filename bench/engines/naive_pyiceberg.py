"""What the manuals of pyarrow and pyiceberg lead to: the whole CSV as one table, appended."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from bench import iceberg


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    texts = {name: pa.string() for name in iceberg.TYPES}
    numbers = {"rssdid": pa.int64(), "submission_ts": pa.int64(), "item_value": pa.decimal128(38, 6)}
    options = csv.ConvertOptions(column_types=texts | numbers, strings_can_be_null=True, null_values=[""])
    rows = pa.concat_tables(csv.read_csv(path, convert_options=options) for path in sorted(folder.rglob("*.csv")))
    aod = pc.strptime(rows["aod"], "%Y%m%d", "s").cast(pa.date32())
    submitted = rows["submission_ts"].cast(pa.timestamp("s", tz="UTC")).cast(iceberg.MOMENT)
    rows = rows.set_column(1, "aod", aod).set_column(3, "submission_ts", submitted)
    iceberg.create_table(home).append(rows)


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
