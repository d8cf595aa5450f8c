"""What Glue itself is told by a job: only what AWS documents, and what Iceberg's classes in it understand."""

import re

from data_hub.ingestion.spark_engine import CATALOG
from local_aws import glue_arguments

# Job parameters that Glue sets up a Spark job with:
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html
DOCUMENTED = {
    "--additional-python-modules",
    "--auto-scale-within-microbatch",
    "--class",
    "--conf",
    "--custom-logGroup-prefix",
    "--custom-logStream-prefix",
    "--datalake-formats",
    "--disable-proxy-v2",
    "--enable-auto-scaling",
    "--enable-continuous-cloudwatch-log",
    "--enable-continuous-log-filter",
    "--enable-glue-datacatalog",
    "--enable-job-insights",
    "--enable-lakeformation-fine-grained-access",
    "--enable-metrics",
    "--enable-observability-metrics",
    "--enable-s3-parquet-optimized-committer",
    "--enable-spark-ui",
    "--executor-cores",
    "--extra-files",
    "--extra-jars",
    "--extra-py-files",
    "--job-bookmark-option",
    "--job-language",
    "--python-modules-installer-option",
    "--scriptLocation",
    "--spark-event-logs-path",
    "--TempDir",
    "--user-jars-first",
    "--write-shuffle-files-to-s3",
    "--write-shuffle-spills-to-s3",
}
# What the page on Iceberg in Glue gives to --conf:
# https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
ICEBERG_IN_GLUE = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.glue_catalog.warehouse": "s3://w/",
    "spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    "spark.sql.catalog.glue_catalog.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
}
# What the engine needs besides, of https://iceberg.apache.org/docs/latest/spark-configuration/#catalog-configuration:
# the table stays for the MERGE what it was when the objects were read.
CACHE = {
    "spark.sql.catalog.glue_catalog.cache-enabled": "true",
    "spark.sql.catalog.glue_catalog.cache.expiration-interval-ms": "-1",
}
ARGUMENTS = glue_arguments.glue_arguments(library="s3://s/l.zip", requirements="s3://s/r.txt", warehouse="s3://w/")


def test_every_argument_is_one_that_aws_documents() -> None:
    assert ARGUMENTS.keys() <= DOCUMENTED


def test_the_library_its_packages_and_iceberg_come_along() -> None:
    assert {name: value for name, value in ARGUMENTS.items() if name != "--conf"} == {
        "--extra-py-files": "s3://s/l.zip",
        "--additional-python-modules": "s3://s/r.txt",
        "--python-modules-installer-option": "-r",
        "--datalake-formats": "iceberg",
    }


def test_spark_gets_the_catalog_as_aws_documents_it_and_keeps_what_it_has_loaded() -> None:
    pairs = [pair.split("=", 1) for pair in ARGUMENTS["--conf"].split(" --conf ")]
    assert dict(pairs) == ICEBERG_IN_GLUE | CACHE
    assert len(pairs) == len(dict(pairs))
    assert f"spark.sql.catalog.{CATALOG}" in dict(pairs)


def test_nothing_is_left_to_be_filled_in_and_no_value_is_split_by_blanks() -> None:
    for name, value in ARGUMENTS.items():
        assert "$" not in value
        assert all(re.fullmatch(r"\S+", part) for part in value.split(f" {name} "))
