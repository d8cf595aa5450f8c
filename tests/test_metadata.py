from collections_pipeline import HEADER_V1, row_v1
from lake import Lake


def metadata_files(lake: Lake, table: str) -> list[str]:
    pages = (
        lake.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=f"warehouse-{lake.deployment.database}")
    )
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return [key for key in keys if f"/{table}/" in key and key.endswith(".metadata.json")]


def test_old_metadata_goes_from_the_first_commit_on(lake: Lake) -> None:
    for number in range(24):
        lake.put("a.csv", HEADER_V1 + row_v1(value=str(number)))
        lake.ingest()
    name = lake.pipeline.table.name
    assert len(metadata_files(lake, name)) <= 21
    assert len(metadata_files(lake, f"{name}_ledger")) <= 21
    assert lake.rows() == [("a.csv", 2, "BHCK2170")]


def test_what_a_snapshot_keeps_of_its_files_is_packed(lake: Lake) -> None:
    for number in range(50):
        lake.put(f"{number:03}.csv", HEADER_V1 + row_v1())
    lake.ingest()
    (snapshot,) = lake.table().snapshots()
    assert snapshot.summary is not None
    assert len(snapshot.summary.additional_properties["data-hub.entries"]) < 50 * 200
