"""What the pipeline relies upon in the Glue Data Catalog of the local AWS."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException

from data_hub.iceberg.catalog import open_catalog
from local_aws.process import LocalAws

THREADS = 4
APPENDS = 3


def test_no_acknowledged_append_is_lost(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="appends")
    schema = pa.schema({"thread": pa.int64(), "append": pa.int64()})
    catalog = open_catalog()
    catalog.create_namespace("appends", {"location": "s3://appends/"})
    catalog.create_table("appends.log", schema=schema)

    def append(thread: int) -> list[tuple[int, int]]:
        own = open_catalog()
        acknowledged = []
        for number in range(APPENDS):
            try:
                own.load_table("appends.log").append(pa.table([[thread], [number]], schema=schema))
            except CommitFailedException:
                continue
            acknowledged.append((thread, number))
        return acknowledged

    with ThreadPoolExecutor(THREADS) as pool:
        acknowledged = [entry for entries in pool.map(append, range(THREADS)) for entry in entries]

    table = catalog.load_table("appends.log")
    rows = table.scan().to_arrow().to_pylist()
    assert acknowledged
    assert sorted((row["thread"], row["append"]) for row in rows) == sorted(acknowledged)
    assert len(table.snapshots()) == len(acknowledged)


def test_a_view_keeps_its_definition_and_is_replaced_in_one_call(aws: LocalAws) -> None:
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "views"})

    def definition(text: str) -> dict[str, object]:
        representations = [
            {"Dialect": dialect, "DialectVersion": "3", "ViewOriginalText": text, "ViewExpandedText": text}
            for dialect in ("SPARK", "ATHENA")
        ]
        return {
            "IsProtected": True,
            "Definer": "arn:aws:iam::123456789012:role/definer",
            "SubObjects": ["arn:aws:glue:us-east-1:123456789012:table/views/base"],
            "Representations": representations,
        }

    def view(text: str) -> dict[str, object]:
        return {
            "Name": "v",
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"digest": text},
            "ViewDefinition": definition(text),
        }

    glue.create_table(DatabaseName="views", TableInput=view("SELECT 1"))  # type: ignore[arg-type]
    glue.update_table(DatabaseName="views", TableInput=view("SELECT 2"), ViewUpdateAction="REPLACE")  # type: ignore[arg-type]

    table = glue.get_table(DatabaseName="views", Name="v")["Table"]
    assert table["ViewDefinition"] == definition("SELECT 2")
    assert table["Parameters"] == {"digest": "SELECT 2"}
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(DatabaseName="views", TableInput={"Name": "v"}, VersionId="1")
