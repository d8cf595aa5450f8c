"""Data that survives the local AWS."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from boto3.s3.transfer import TransferConfig
from pyiceberg.catalog import Catalog, load_catalog

from data_hub.errors import DataHubError
from hub_cli import archive, catalog_copy
from local_aws.process import LocalAws

ROWS = pa.table({"n": [1, 2, 3]})
VIEW = {
    "Name": "v",
    "TableType": "VIRTUAL_VIEW",
    "ViewDefinition": {
        "IsProtected": True,
        "Representations": [{"Dialect": "ATHENA", "ViewOriginalText": "SELECT 1", "ViewExpandedText": "SELECT 1"}],
    },
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalAws, LocalAws]]:
    """One local AWS with data, and one to restore into."""
    with (
        LocalAws.start(tmp_path_factory.mktemp("from")) as full,
        LocalAws.start(tmp_path_factory.mktemp("to")) as empty,
    ):
        s3 = full.client("s3")
        for bucket in ("raw", "warehouse", "scripts"):
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key="a", Body=f"object of {bucket}".encode())
        s3.put_object(Bucket="raw", Key="a/b", Body=b"")
        catalog = catalog_of(full)
        catalog.create_namespace("hub", {"location": "s3://warehouse/hub", "comment": "of the trial"})
        catalog.create_table("hub.numbers", schema=ROWS.schema).append(ROWS)
        full.client("glue").create_table(DatabaseName="hub", TableInput=VIEW)  # type: ignore[arg-type]
        yield full, empty


def catalog_of(aws: LocalAws) -> Catalog:
    properties = {
        "glue.endpoint": aws.endpoint,
        "glue.region": "us-east-1",
        "glue.access-key-id": "testing",
        "glue.secret-access-key": "testing",
        "s3.endpoint": aws.endpoint,
        "s3.region": "us-east-1",
        "s3.access-key-id": "testing",
        "s3.secret-access-key": "testing",
    }
    return load_catalog("archived", type="glue", warehouse="s3://warehouse/", **properties)


def objects(aws: LocalAws, bucket: str) -> dict[str, str]:
    contents = aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: item["ETag"] for item in contents}


def test_restores_objects_tables_and_views(servers: tuple[LocalAws, LocalAws], tmp_path: Path) -> None:
    full, empty = servers
    large = TransferConfig(multipart_threshold=1)
    file = tmp_path / "large.csv"
    file.write_bytes(b"x" * 9_000_000)
    full.client("s3").upload_file(str(file), "raw", "large.csv", Config=large)

    archive.save(full, tmp_path / "archive")
    archive.restore(empty, tmp_path / "archive")
    archive.restore(empty, tmp_path / "archive")

    # The ledger knows content by its ETag: it must not change, nor for what came in several parts.
    assert objects(empty, "raw") == objects(full, "raw")
    assert objects(empty, "warehouse").keys() == objects(full, "warehouse").keys()
    assert "scripts" not in [bucket["Name"] for bucket in empty.client("s3").list_buckets()["Buckets"]]
    assert catalog_of(empty).load_table("hub.numbers").scan().to_arrow() == ROWS
    glue = empty.client("glue")
    assert glue.get_table(DatabaseName="hub", Name="v")["Table"]["ViewDefinition"] == VIEW["ViewDefinition"]
    assert glue.get_database(Name="hub")["Database"]["LocationUri"] == "s3://warehouse/hub"
    catalog_of(empty).load_table("hub.numbers").append(ROWS)


def test_a_save_that_breaks_off_leaves_the_older_archive(
    servers: tuple[LocalAws, LocalAws], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, empty = servers
    archive.save(full, tmp_path)
    full.client("s3").put_object(Bucket="raw", Key="later", Body=b"")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog_copy, "read", crash)
    with pytest.raises(KeyboardInterrupt):
        archive.save(full, tmp_path)

    archive.restore(empty, tmp_path)
    assert "a/b" in objects(empty, "raw")
    assert "later" not in objects(empty, "raw")


def test_only_the_newest_archive_takes_room(servers: tuple[LocalAws, LocalAws], tmp_path: Path) -> None:
    full, _ = servers
    (tmp_path / "of-a-crash").mkdir()
    archive.save(full, tmp_path)
    archive.save(full, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_without_an_archive_it_says_what_to_do(servers: tuple[LocalAws, LocalAws], tmp_path: Path) -> None:
    _, empty = servers
    assert not archive.exists(tmp_path)
    with pytest.raises(DataHubError, match=r"start one with \./hub run"):
        archive.restore(empty, tmp_path)
