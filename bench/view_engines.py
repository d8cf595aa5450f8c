"""One institution's reports, a column for each item, asked in several ways; prints seconds and what came of it.

python -m bench.view_engines ENGINE FOLDER    FOLDER has the table and texts.json, the view's text in each dialect
"""

import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

ASKED = 3
KEYS = ("aod", "rssdid", "submission_ts")
Rows = tuple[list[str], list[tuple[Any, ...]]]


def athena(_folder: Path, rssdid: int) -> Rows:
    """Ask the local Athena for the published view, its files in the local S3; each time with nothing prepared."""
    import boto3

    from bench.view_rows import DATABASE
    from data_hub.iceberg.catalog import open_catalog
    from local_aws.athena import Athena

    query = f"SELECT * FROM fry9c_report_view WHERE rssdid = {rssdid}"  # noqa: S608  (a number of our own)
    answer = Athena(open_catalog(), boto3.client("glue"), DATABASE).query(query)
    return answer.column_names, list(zip(*(column.to_pylist() for column in answer.columns), strict=True))


def duckdb_view(folder: Path, rssdid: int) -> Rows:
    """Run the view's text for Athena on the files in the folder: what the rules cost."""
    import sqlglot

    from bench.view_rows import DATABASE, PIPELINE

    [text] = sqlglot.transpile(_texts(folder)["ATHENA"], read="athena", write="duckdb")
    table = f'"{DATABASE}"."{PIPELINE.table.name}"'
    return _of_duckdb(
        f"CREATE SCHEMA {DATABASE}; CREATE VIEW {table} AS {_rows(folder)}; CREATE VIEW report AS {text}",
        f"FROM report WHERE rssdid = {rssdid}",
    )


def duckdb_case(folder: Path, rssdid: int) -> Rows:
    """Pivot by hand: no order of duplicates, no types."""
    from bench.view_rows import ITEMS

    items = ", ".join(f"max(CASE WHEN item_mdrm = '{item}' THEN item_value END) AS {item.lower()}" for item in ITEMS)
    keys = ", ".join(KEYS)
    report = f"SELECT {keys}, {items} FROM ({_rows(folder)}) WHERE seriesid = 'FRY9C' GROUP BY {keys}"  # noqa: S608
    return _of_duckdb(f"CREATE VIEW report AS {report}", f"FROM report WHERE rssdid = {rssdid}")


def duckdb_pivot(folder: Path, rssdid: int) -> Rows:
    """Use DuckDB's PIVOT, which finds the items by itself."""
    rows = f"SELECT {', '.join(KEYS)}, item_mdrm, item_value FROM ({_rows(folder)}) "  # noqa: S608
    rows += f"WHERE seriesid = 'FRY9C' AND rssdid = {rssdid}"
    return _of_duckdb("", f"PIVOT ({rows}) ON item_mdrm USING max(item_value) GROUP BY {', '.join(KEYS)}")


def polars(folder: Path, rssdid: int) -> Rows:
    """Use polars' pivot."""
    import polars as pl

    rows = pl.scan_parquet(_files(folder)).filter((pl.col("seriesid") == "FRY9C") & (pl.col("rssdid") == rssdid))
    found = rows.select(*KEYS, "item_mdrm", "item_value").collect()
    pivoted = found.pivot(on="item_mdrm", index=list(KEYS), values="item_value", aggregate_function="max")
    return pivoted.columns, pivoted.rows()


def spark(folder: Path, rssdid: int) -> Rows:
    """Run the view's text for Spark in Spark, local[2]."""
    from bench.view_rows import DATABASE

    session = _session(folder)
    text = _texts(folder)["SPARK"].replace(f"`{DATABASE}`", f"lake.`{DATABASE}.db`")
    session.sql(text).createOrReplaceTempView("report")
    # Dates and moments as text: Python would make them those of its own time zone.
    found = session.sql(f"SELECT * FROM report WHERE rssdid = {rssdid}")  # noqa: S608  (a number of our own)
    texts = found.selectExpr(*(f"CAST(`{name}` AS STRING) AS `{name}`" for name in found.columns))
    return found.columns, [tuple(row) for row in texts.collect()]


ENGINES: dict[str, Callable[[Path, int], Rows]] = {
    each.__name__: each for each in (athena, duckdb_view, duckdb_case, duckdb_pivot, polars, spark)
}


def _of_duckdb(definition: str, query: str) -> Rows:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        if definition:
            connection.execute(definition)
        found = connection.sql(query)
        return found.columns, found.fetchall()


def _rows(folder: Path) -> str:
    files = ", ".join(f"'{file}'" for file in _files(folder))
    return f"FROM read_parquet([{files}])"


def _files(folder: Path) -> list[str]:
    return sorted(map(str, (folder / "bench.db").glob("*staging/data/**/*.parquet")))


def _texts(folder: Path) -> dict[str, str]:
    texts: dict[str, str] = json.loads((folder / "texts.json").read_text())
    return texts


def _session(folder: Path) -> Any:
    from pyspark.sql import SparkSession

    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
    from spark_jars import iceberg_jars

    settings = {
        "spark.jars": ",".join(map(str, iceberg_jars(folder))),
        "spark.driver.memory": "4g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": folder.as_uri(),
    }
    builder: Any = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def digest(rows: Rows) -> str:
    """Return one text for all rows that say the same, whatever the order of rows and columns, and the types."""
    names = [name.lower() for name in rows[0]]
    order = sorted(range(len(names)), key=lambda place: names[place])
    said = sorted(tuple((names[place], _said(names[place], row[place])) for place in order) for row in rows[1])
    return sha256(repr(said).encode()).hexdigest()[:16]


def _said(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in KEYS:
        return str(value).removesuffix("+00:00")
    return str(value) if name.startswith("text") else f"{Decimal(str(value)).normalize():f}"


def main(engine: str, folder: str, rssdid: str) -> None:
    """Ask several times and print the first and each further time in seconds."""
    place, seconds, digests = Path(folder).resolve(), [], set()
    for number in range(ASKED):
        began = time.perf_counter()
        found = ENGINES[engine](place, int(rssdid) + 7919 * number)
        seconds.append(round(time.perf_counter() - began, 3))
        digests.add((len(found[1]), len(found[0]), digest(found)))
    print(json.dumps({"asked": seconds, "found": sorted(digests)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
