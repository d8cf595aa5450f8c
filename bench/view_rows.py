"""Eight quarters of a wide report in long form, written as the ingestion writes them.

python -m bench.view_rows aws DATABASE    into the local AWS that the environment names
python -m bench.view_rows FOLDER          into a folder that Spark's hadoop catalog reads
"""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from data_hub.iceberg import data_files
from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.tables import Tables
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from hadoop_catalog import HadoopCatalog

PIPELINE = pipeline_file.load(Path(__file__).resolve().parents[1] / "dags" / "pipelines" / "collections.yaml")
SERIES, DATABASE, BUCKET = "FRY9C", "bench", "warehouse"
QUARTERS = tuple(
    date(year, month, day) for year in (2024, 2025) for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
)
INSTITUTIONS = tuple(1_000_000 + 7919 * number for number in range(460))
# The last twelve are text, as in the field; the others are amounts.
ITEMS = (*(f"BHCK{number:04}" for number in range(1_890)), *(f"TEXT{number:04}" for number in range(12)))
ROWS = len(QUARTERS) * len(INSTITUTIONS) * len(ITEMS)
# Institutions that are written at a time.
PART = 46


def deployment(database: str) -> Deployment:
    """Return where tables and views of a run are."""
    role = "arn:aws:iam::123456789012:role/view-definer"
    return Deployment("s3://none/none.yaml", "raw", f"s3://{BUCKET}/", database, role)


def parts() -> Iterator[pa.Table]:
    """Yield all rows, ordered by as-of date, institution and item."""
    for quarter, aod in enumerate(QUARTERS):
        for first in range(0, len(INSTITUTIONS), PART):
            yield _rows(quarter, aod, first)


def _rows(quarter: int, aod: date, first: int) -> pa.Table:
    count = PART * len(ITEMS)
    numbers = pa.array(range(first * len(ITEMS), first * len(ITEMS) + count), pa.int64())
    institution = pc.divide(numbers, len(ITEMS))
    item = pc.subtract(numbers, pc.multiply(institution, len(ITEMS)))
    mixed = pc.bit_wise_and(pc.multiply(pc.add(numbers, quarter * 104_729), 2_654_435_761), (1 << 31) - 1)
    # One amount in 16 has cents, one in 32 is missing.
    cents = pc.binary_join_element_wise(mixed.cast(pa.string()), "25", ".")
    kind = pc.bit_wise_and(pc.shift_right(mixed, 8), 31)
    amount = pc.if_else(pc.less(kind, 2), cents, mixed.cast(pa.string()))
    value = pc.if_else(pc.equal(kind, 31), pa.scalar(None, pa.string()), amount)
    submitted = datetime(aod.year, aod.month, aod.day, 12, tzinfo=UTC)
    moment = pa.timestamp("us", tz="UTC")
    ingest_ts = int(submitted.timestamp())
    return pa.table(
        {
            "seriesid": pa.repeat(SERIES, count),
            "aod": pa.repeat(pa.scalar(aod), count),
            "rssdid": pa.array(INSTITUTIONS, pa.int64()).take(institution),
            "submission_ts": pa.repeat(pa.scalar(submitted, moment), count),
            "item_mdrm": pa.array(ITEMS).take(item),
            "item_desc": pa.array([f"Caption of {name}" for name in ITEMS]).take(item),
            "item_value": value,
            "ingest_ts": pa.repeat(pa.scalar(ingest_ts, pa.int64()), count),
            "source_file": pa.repeat(f"collections-data/ingest_ts={ingest_ts}/fry9c.csv", count),
            "source_line": pc.add(numbers, 2),
            "ingested_at": pa.repeat(pa.scalar(submitted, moment), count),
        }
    )


def add(table: Table, rows: Iterator[pa.Table]) -> None:
    """Write rows into data files and commit them."""
    written = data_files.written(table, rows)
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        for file in written:
            update.append_data_file(file)


def open_table(catalog: Catalog, place: Deployment) -> Table:
    """Open the table; make it if it is not there."""
    return Tables.ensure(catalog, place, PIPELINE.table).rows


def main(target: str, database: str = DATABASE) -> None:
    """Write the table."""
    if target == "aws":
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("glue").create_database(DatabaseInput={"Name": database})
        table = open_table(open_catalog(), deployment(database))
    else:
        folder = Path(target).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        place = Deployment("s3://none/none.yaml", "raw", folder.as_uri(), database, "arn:aws:x")
        table = open_table(HadoopCatalog(folder), place)
    add(table, parts())
    print(f"{table.scan().count():,} rows")


if __name__ == "__main__":
    main(*sys.argv[1:])
