import gzip
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ReadTimeoutError
from collections_pipeline import HEADER_V1, HEADER_V2, SAMPLE, row_v1
from lake import Lake, outcome

from data_hub.errors import DataHubError
from data_hub.iceberg import commit
from data_hub.ingestion import ingest, objects
from data_hub.ledgers import arrivals
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.deployment import Deployment

GOOD = HEADER_V1 + row_v1("A") + row_v1("B")


def test_a_file_is_ingested_once_however_often_the_job_runs(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 2, 2, 0)]
    assert lake.ingest() == []
    assert lake.rows() == [("a.csv", 2, "A"), ("a.csv", 3, "B")]
    assert lake.snapshot_count() == 1


def test_both_header_versions_and_gzip_land_in_one_table(lake: Lake) -> None:
    lake.put("v1.csv", GOOD)
    lake.put("v2.csv.gz", gzip.compress(HEADER_V2 + b"FRY9C,20251231,1,0,C,Caption,5" + b"," * 9 + b"\n"))
    lake.put("ignored.txt", GOOD)
    lake.put("deep/er.csv", GOOD)
    lake.ingest()
    assert lake.rows() == [("v1.csv", 2, "A"), ("v1.csv", 3, "B"), ("v2.csv.gz", 2, "C")]


def test_rows_carry_their_lineage(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD, ingest_ts=1770609249)
    lake.ingest()
    row = lake.table().scan().to_arrow().to_pylist()[0]
    assert (row["source_file"], row["source_line"], row["ingest_ts"]) == (key, 2, 1770609249)
    assert row["ingested_at"] is not None


def test_bad_rows_are_kept_with_line_text_and_reason(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1() * 40 + row_v1(aod="20261301"))
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 41, 40, 1)]
    (reject,) = lake.table("_rejects").scan().to_arrow().to_pylist()
    assert (reject["source_line"], reject["column_name"], reject["reason"]) == (
        42,
        "aod",
        "'20261301' is no yyyymmdd date",
    )
    assert reject["raw_text"].encode() + b"\n" == row_v1(aod="20261301")


def test_a_file_with_too_many_bad_rows_is_rejected_whole(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1() * 9 + b"short\n")
    lake.put("b.csv", GOOD)
    assert outcome(lake.ingest()) == [("a.csv", "rejected", 10, 0, 10), ("b.csv", "ingested", 2, 2, 0)]
    assert {name for name, _, _ in lake.rows()} == {"b.csv"}
    reasons = {line: reason for _, line, reason in lake.rejects()}
    assert reasons[11] == "1 fields, expected 6"
    assert reasons[2] == "in order itself, rejected with its file"
    assert lake.ledger().rejected_files()[0].message.startswith("1 of 10 rows (10.0%) break the contract, more than")
    assert len(reasons) == 10


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"seriesid,aod\n", "lacks the required columns rssdid"),
        (GOOD.replace(b"1234567", b"\xff"), "is not UTF-8"),
    ],
)
def test_an_unreadable_file_is_rejected_and_holds_nobody_up(lake: Lake, content: bytes, message: str) -> None:
    lake.put("bad.csv", content)
    lake.put("good.csv", GOOD)
    bad, good = lake.ingest()
    assert (bad.status, good.status) == ("rejected", "ingested")
    assert message in bad.message
    assert [entry.key for entry in lake.ledger().rejected_files()] == [bad.key]


@pytest.mark.parametrize("broken", [gzip.compress(GOOD, mtime=0)[:-9], b"no gzip"], ids=["cut", "no gzip"])
def test_a_broken_gzip_file_is_rejected(lake: Lake, broken: bytes) -> None:
    lake.put("a.csv.gz", broken)
    (entry,) = lake.ingest()
    assert (entry.status, lake.rows()) == ("rejected", [])
    assert "cannot be decompressed" in entry.message


def test_a_lost_connection_rejects_no_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("a.csv.gz", gzip.compress(GOOD))

    def time_out(*_: object) -> bytes:
        raise ReadTimeoutError(endpoint_url="s3")

    with monkeypatch.context() as patch:
        patch.setattr(objects.HashingBody, "read", time_out)
        with pytest.raises(ReadTimeoutError):
            lake.ingest()
    assert lake.ledger().entries() == {}
    assert outcome(lake.ingest()) == [("a.csv.gz", "ingested", 2, 2, 0)]


def test_a_run_with_nothing_to_do_writes_nothing(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    s3, bucket = lake.aws.client("s3"), lake.deployment.warehouse.split("/")[2]
    before = s3.list_objects_v2(Bucket=bucket)["KeyCount"]
    lake.ingest()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == before


def test_a_rejected_file_is_clean_again_once_delivered_well(lake: Lake) -> None:
    lake.put("a.csv", b"")
    lake.ingest()
    lake.put("a.csv", GOOD)
    lake.ingest()
    assert lake.ledger().rejected_files() == []
    assert len(lake.rows()) == 2


def test_an_acknowledged_file_alarms_nobody_until_it_is_delivered_badly_again(lake: Lake) -> None:
    key = lake.put("a.csv", b"")
    lake.ingest()
    lake.ledger().acknowledge(key)
    assert lake.ledger().rejected_files() == []
    assert lake.ingest() == []
    with pytest.raises(DataHubError, match="is no rejected file; rejected files: none"):
        lake.ledger().acknowledge(key)
    lake.put("a.csv", b"\n")
    lake.ingest()
    assert [entry.key for entry in lake.ledger().rejected_files()] == [key]


def test_a_correction_replaces_the_rows_in_one_commit_and_back_again(lake: Lake) -> None:
    other = HEADER_V1 + row_v1("C")
    lake.put("keep.csv", GOOD)
    for content, items in ((GOOD, ["A", "B"]), (other, ["C"]), (GOOD, ["A", "B"])):
        lake.put("a.csv", content)
        lake.ingest()
        assert [item for name, _, item in lake.rows() if name == "a.csv"] == items
        assert [item for name, _, item in lake.rows() if name == "keep.csv"] == ["A", "B"]
    assert lake.ingest() == []


def test_a_rejected_correction_leaves_the_older_rows(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", b"")
    (entry,) = lake.ingest()
    assert entry.status == "rejected"
    assert len(lake.rows()) == 2


def test_a_header_without_rows_is_ingested_and_takes_older_rows_away(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", HEADER_V1)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 0, 0, 0)]
    assert lake.rows() == []


def test_the_same_bytes_under_another_etag_are_skipped(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put_under_another_etag(key, GOOD)
    assert outcome(lake.ingest()) == [("a.csv", "skipped", 2, 2, 0)]
    assert lake.snapshot_count() == 1
    assert lake.ingest() == []


def test_a_deleted_object_takes_no_row_away(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.aws.client("s3").delete_object(Bucket=lake.deployment.source_bucket, Key=key)
    assert lake.ingest() == []
    assert len(lake.rows()) == 2


def test_more_files_than_one_commit_takes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_KEYS", 2)
    for number in range(5):
        lake.put(f"{number}.csv", GOOD)
    assert len(lake.ingest()) == 5
    assert len(lake.rows()) == 10
    assert lake.ingest() == []


def test_an_object_that_vanishes_while_it_is_read_is_left_out(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    listed = arrivals.missing_from

    def list_then_delete(*arguments: object) -> object:
        found = listed(*arguments)  # type: ignore[arg-type]
        lake.aws.client("s3").delete_object(Bucket=lake.deployment.source_bucket, Key=key)
        return found

    monkeypatch.setattr(arrivals, "missing_from", list_then_delete)
    assert lake.ingest() == []
    assert lake.rows() == []


def test_an_object_that_s3_refuses_is_told_until_it_can_be_read(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.put("b.csv", GOOD)
    place = {"Bucket": lake.deployment.source_bucket, "Key": key}
    lake.aws.client("s3").copy_object(**place, CopySource=place, StorageClass="GLACIER")
    refused, ingested = lake.ingest()
    assert (refused.key, refused.status, refused.rows_read) == (key, "unreadable", 0)
    assert refused.message == (
        "S3 refuses it (InvalidObjectState): restore it, or let the job's role read it; every run tries again"
    )
    assert ingest.summarise([refused, ingested]) == "1 file: 2 rows read = 2 ingested + 0 rejected, 1 more unreadable"
    assert [entry.status for entry in lake.ingest()] == ["unreadable"]
    assert [entry.key for entry in lake.ledger().rejected_files()] == [key]
    assert len(lake.ledger().history(key)) == 1
    lake.aws.client("s3").restore_object(**place, RestoreRequest={"Days": 1})
    assert [entry.status for entry in lake.ingest()] == ["ingested"]
    assert lake.ledger().rejected_files() == []
    assert {name for name, _, _ in lake.rows()} == {"a.csv", "b.csv"}


def test_an_unreadable_object_that_somebody_took_note_of_is_left_alone(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    place = {"Bucket": lake.deployment.source_bucket, "Key": key}
    lake.aws.client("s3").copy_object(**place, CopySource=place, StorageClass="GLACIER")
    lake.ingest()
    lake.ledger().acknowledge(key)
    assert lake.ledger().rejected_files() == []
    assert lake.ingest() == []


def test_a_new_column_of_the_contract_is_added_to_the_table(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    wider = lake.with_text_column("note")
    wider.put("b.csv", HEADER_V1[:-1] + b",note\n" + row_v1()[:-1] + b",hello\n")
    wider.ingest()
    assert wider.table().scan().to_arrow()["note"].drop_null().to_pylist() == ["hello"]


def test_a_changed_column_type_is_named_before_anything_is_committed(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    changed = lake.with_text_column("rssdid")
    changed.put("b.csv", HEADER_V1 + row_v1() * 40 + b"short\n")
    with pytest.raises(DataHubError, match=r"Column 'rssdid' of table .* is int64, the contract says string"):
        changed.ingest()
    assert lake.rejects() == []


def test_a_missing_bucket_is_named_and_nothing_is_done(lake: Lake) -> None:
    nowhere = Deployment(**{**lake.deployment.__dict__, "source_bucket": "nowhere"})
    with pytest.raises(DataHubError, match=r"Bucket 'nowhere' cannot be listed \(NoSuchBucket\)"):
        ingest.Ingestion.open(lake.pipeline, nowhere, "jr", print).run()


def test_a_missing_database_is_named(lake: Lake) -> None:
    nowhere = Deployment(**{**lake.deployment.__dict__, "database": "nowhere"})
    with pytest.raises(DataHubError, match="Database 'nowhere' is not in the Glue Data Catalog"):
        ingest.Ingestion.open(lake.pipeline, nowhere, "jr", print).run()


def test_the_sample_adds_up(lake: Lake) -> None:
    for path in SAMPLE.rglob("*.csv"):
        lake.put(path.name, path.read_bytes(), ingest_ts=int(path.parent.name.split("=")[1]))
    assert outcome(lake.ingest()) == [
        ("fr2004a.csv", "ingested", 645, 640, 5),
        ("fry15.csv", "ingested", 960, 960, 0),
        ("fry9c.csv", "ingested", 962, 960, 2),
        ("fry9c_corrected.csv", "ingested", 30, 30, 0),
    ]
    assert len(lake.rows()) == 2590
    assert len(lake.rejects()) == 7


def test_the_report_reads_well() -> None:
    entry = LedgerEntry("k", None, "e", datetime.now(UTC), "s", 1, "rejected", 3, 0, 3, "too many", "jr")
    assert str(entry) == "k: rejected, 3 read = 0 ingested + 3 rejected (too many)"
    assert ingest.summarise([entry]) == "1 file: 3 rows read = 0 ingested + 3 rejected"
    assert ingest.summarise([]) == "Nothing new to ingest"
