"""PySpark 3.5, as Glue 5.1 has it: its CSV reader with a schema, appended through Iceberg's runtime for Spark."""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as sql

from bench import iceberg

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from spark_jars import iceberg_jars

DRIVER_MEMORY = "2g"
TABLE = f"{iceberg.NAMESPACE}.{iceberg.NAME}"
TYPES = {
    name: {"aod": "date", "rssdid": "bigint", "submission_ts": "bigint", "item_value": "decimal(38,6)"}.get(
        name, "string"
    )
    for name in iceberg.TYPES
}


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    spark = open_session(home)
    columns = ", ".join(f"{name} {'timestamp' if name == 'submission_ts' else kind}" for name, kind in TYPES.items())
    spark.sql(f"create namespace {iceberg.NAMESPACE}")
    spark.sql(f"create table {TABLE} ({columns}) using iceberg partitioned by (seriesid, years(aod))")
    rows = spark.read.csv(
        str(folder),
        schema=", ".join(f"{name} {kind}" for name, kind in TYPES.items()),
        header=True,
        dateFormat="yyyyMMdd",
        recursiveFileLookup=True,
        escape='"',
    )
    rows.withColumn("submission_ts", sql.timestamp_seconds("submission_ts")).writeTo(TABLE).append()
    spark.stop()
    [*_, newest] = sorted(
        (iceberg.warehouse(home) / iceberg.NAMESPACE / iceberg.NAME).glob("metadata/v*.metadata.json")
    )
    (home / iceberg.METADATA_LOCATION).write_text(str(newest))


def open_session(home: Path) -> SparkSession:
    """Start Spark in this process, with a catalog that needs no server and no JDBC driver."""
    jars = ",".join(map(str, iceberg_jars(home)))
    settings = {
        "spark.jars": jars,
        "spark.driver.extraClassPath": jars.replace(",", ":"),
        "spark.driver.memory": DRIVER_MEMORY,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(home / "spark"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(home / "spark-warehouse"),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(iceberg.warehouse(home)),
        "spark.sql.defaultCatalog": "lake",
    }
    builder = SparkSession.builder.master("local[2]").appName("bench")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
