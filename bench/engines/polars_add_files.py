"""polars: a lazy scan sunk into partitioned Parquet files, which pyiceberg adds to the table."""

import sys
from pathlib import Path

import polars as pl

from bench import iceberg


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    table = iceberg.create_table(home)
    data = Path(table.location()) / "data"
    partitions = pl.PartitionBy(
        data, key=[pl.col("seriesid").alias("p_series"), pl.col("aod").dt.year().alias("p_year")], include_key=False
    )
    rows(folder).sink_parquet(partitions, compression="zstd", compression_level=3, mkdir=True, maintain_order=False)
    table.add_files([str(path) for path in sorted(data.rglob("*.parquet"))])


def rows(folder: Path) -> pl.LazyFrame:
    """Return the rows with their types."""
    types = dict.fromkeys(iceberg.TYPES, pl.String)
    types |= {"rssdid": pl.Int64, "submission_ts": pl.Int64, "item_value": pl.Decimal(38, 6)}
    return pl.scan_csv(folder / "**" / "*.csv", schema=types).with_columns(
        pl.col("aod").str.to_date("%Y%m%d"),
        pl.from_epoch("submission_ts", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
    )


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
