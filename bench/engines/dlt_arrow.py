"""dlt: its CSV reader on DuckDB that hands on Arrow data, its filesystem destination with table format Iceberg."""

import os
import sys
from pathlib import Path
from typing import Any

from bench import iceberg

CHUNK_ROWS = 250_000
TYPES = {
    name: {"aod": "date", "rssdid": "bigint", "submission_ts": "bigint", "item_value": "decimal(38, 6)"}.get(
        name, "varchar"
    )
    for name in iceberg.TYPES
}


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    settings(home)
    from dlt.sources.filesystem import filesystem, read_csv_duckdb

    objects = filesystem(bucket_url=folder.as_uri(), file_glob="**/*.csv")
    reader = read_csv_duckdb(chunk_size=CHUNK_ROWS, use_pyarrow=True, header=True, dtype=TYPES, date_format="%Y%m%d")
    run(home, (objects | reader).add_map(_with_moment))


def settings(home: Path) -> None:
    """Set what dlt reads from its environment: no telemetry, everything it writes below the run's folder."""
    os.environ |= {
        "DLT_DATA_DIR": str(home / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DESTINATION__FILESYSTEM__BUCKET_URL": iceberg.warehouse(home).as_uri(),
        "ICEBERG_CATALOG__ICEBERG_CATALOG_NAME": "bench",
        "ICEBERG_CATALOG__ICEBERG_CATALOG_TYPE": "sql",
    }


def run(home: Path, rows: Any) -> None:
    """Run a pipeline that ends in the partitioned table."""
    import dlt
    from dlt.destinations.adapters import iceberg_adapter, iceberg_partition

    catalog = {
        "type": "sql",
        "uri": f"sqlite:///{home}/catalog.db",
        "warehouse": str(iceberg.warehouse(home)),
    }
    dlt.config["iceberg_catalog.iceberg_catalog_config"] = catalog
    pipeline = dlt.pipeline(
        "bench", destination="filesystem", dataset_name=iceberg.NAMESPACE, pipelines_dir=str(home / "dlt")
    )
    partition = [iceberg_partition.identity("seriesid"), iceberg_partition.year("aod", "aod_year")]
    rows.apply_hints(table_name=iceberg.NAME, columns=hints())
    pipeline.run(
        iceberg_adapter(rows, partition=partition), table_format="iceberg", write_disposition="append"
    ).raise_on_failed_jobs()


def hints() -> dict[str, Any]:
    """Return the columns with dlt's types."""
    kinds = {
        "aod": {"data_type": "date"},
        "rssdid": {"data_type": "bigint"},
        "submission_ts": {"data_type": "timestamp", "precision": 6},
        "item_value": {"data_type": "decimal", "precision": 38, "scale": 6},
    }
    return {name: {"name": name, "nullable": True, **kinds.get(name, {"data_type": "text"})} for name in iceberg.TYPES}


def _with_moment(batch: Any) -> Any:
    import pyarrow as pa

    moments = batch["submission_ts"].cast(pa.timestamp("s", tz="UTC")).cast(iceberg.MOMENT)
    return batch.set_column(batch.schema.get_field_index("submission_ts"), "submission_ts", moments)


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
