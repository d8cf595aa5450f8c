"""Taking an object's rows out of the table."""

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake, outcome

from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import commit
from data_hub.ingestion import ingest, withdraw
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry

GOOD = HEADER_V1 + row_v1("A") + row_v1("B")
OTHER = HEADER_V1 + row_v1("C")


def take_out(lake: Lake, key: str) -> LedgerEntry:
    return withdraw.withdraw(lake.pipeline, lake.deployment, key, "by hand", lambda _: None)


def statuses(lake: Lake, key: str) -> list[str]:
    return [entry.status for entry in lake.ledger().history(key)]


def test_the_rows_of_one_file_go_in_one_commit_and_stay_out(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.put("b.csv", GOOD)
    lake.ingest()
    said: list[str] = []
    entry = withdraw.withdraw(lake.pipeline, lake.deployment, key, "by hand", said.append)
    assert (entry.status, entry.rows_ingested, entry.job_run_id) == ("withdrawn", 2, "by hand")
    assert said == [str(entry)]
    assert lake.rows() == [("b.csv", 2, "A"), ("b.csv", 3, "B")]
    last = commit.last(lake.table())
    assert last is not None
    assert (commit.id_of(last), last.snapshot_id) == (entry.commit_id, entry.snapshot_id)
    for _ in range(2):
        assert lake.ingest() == []
    assert lake.rows() == [("b.csv", 2, "A"), ("b.csv", 3, "B")]


def test_another_content_under_the_key_is_ingested_again(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    take_out(lake, key)
    lake.put("a.csv", OTHER)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 1, 1, 0)]
    assert lake.rows() == [("a.csv", 2, "C")]
    assert statuses(lake, key) == ["ingested", "withdrawn", "ingested"]


def test_the_same_content_delivered_again_is_ingested_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    (ingested,) = lake.ingest()
    take_out(lake, key)
    # S3's times have whole seconds: the listing tells of a later one instead of the test waiting.
    listed = ingest.SourceBucket.list_objects

    def later(bucket: ingest.SourceBucket) -> list[ingest.SourceObject]:
        moved = ingested.last_modified.replace(year=ingested.last_modified.year + 1)
        return [ingest.SourceObject(item.key, item.etag, item.size, moved) for item in listed(bucket)]

    monkeypatch.setattr(ingest.SourceBucket, "list_objects", later)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 2, 2, 0)]
    assert lake.ingest() == []
    assert len(lake.rows()) == 2


def test_a_file_of_a_header_can_be_withdrawn(lake: Lake) -> None:
    key = lake.put("a.csv", HEADER_V1)
    lake.ingest()
    assert take_out(lake, key).rows_ingested == 0
    assert lake.ingest() == []
    assert statuses(lake, key) == ["ingested", "withdrawn"]


def test_rejects_stay_and_a_rejected_delivery_stays_out_too(lake: Lake) -> None:
    key = lake.put("a.csv", HEADER_V1 + row_v1("A") * 40 + b"short\n")
    lake.ingest()
    lake.put("a.csv", b"")
    lake.ingest()
    entry = take_out(lake, key)
    assert (entry.rows_ingested, entry.rows_rejected) == (40, 1)
    assert lake.rows() == []
    assert len(lake.rejects()) == 1
    assert lake.ledger().rejected_files() == []
    assert lake.ingest() == []


def test_a_deleted_object_keeps_its_rows_until_it_is_withdrawn(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.aws.client("s3").delete_object(Bucket=lake.deployment.source_bucket, Key=key)
    assert lake.ingest() == []
    assert len(lake.rows()) == 2
    take_out(lake, key)
    assert lake.rows() == []


def test_what_cannot_be_withdrawn_is_told_and_left_alone(lake: Lake) -> None:
    key = lake.put("a.csv", b"")
    with pytest.raises(DataHubError, match=r"has no table 'collections_data_staging': nothing .* was ingested yet"):
        take_out(lake, key)
    lake.ingest()
    with pytest.raises(DataHubError, match="has no rows in the table, it was rejected: the file is empty"):
        take_out(lake, key)
    with pytest.raises(DataHubError, match="another was never ingested; give the whole key"):
        take_out(lake, "another")
    lake.put("a.csv", GOOD)
    lake.ingest()
    take_out(lake, key)
    count = lake.snapshot_count()
    with pytest.raises(DataHubError, match="is withdrawn already; deliver it again"):
        take_out(lake, key)
    assert lake.snapshot_count() == count


def test_a_lost_write_of_the_ledger_is_repaired(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", die)
        with pytest.raises(KeyboardInterrupt):
            take_out(lake, key)
    assert statuses(lake, key) == ["ingested", "withdrawn"]
    with pytest.raises(DataHubError, match="is withdrawn already"):
        take_out(lake, key)
    assert lake.ingest() == []
    rows = lake.table("_ledger").scan().to_arrow()
    assert sorted(rows["status"].to_pylist()) == ["ingested", "withdrawn"]
    assert lake.rows() == []


def test_a_lost_answer_of_the_catalogue_withdraws_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    original = withdraw.open_catalog

    def lossy() -> object:
        catalog = original()
        commit_table, lost = catalog.commit_table, []

        def lose_the_answer(*arguments: object) -> object:
            answer = commit_table(*arguments)  # type: ignore[arg-type]
            if not lost:
                lost.append(answer)
                raise ConnectionError
            return answer

        monkeypatch.setattr(catalog, "commit_table", lose_the_answer)
        return catalog

    monkeypatch.setattr(withdraw, "open_catalog", lossy)
    count = lake.snapshot_count()
    take_out(lake, key)
    assert lake.rows() == []
    assert lake.snapshot_count() == count + 1
    assert statuses(lake, key) == ["ingested", "withdrawn"]


def test_an_ingestion_that_a_withdrawal_overtakes_plans_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", OTHER)
    original, overtaken = ingest.Ingestion._commit, []

    def be_overtaken(job: ingest.Ingestion, *arguments: object) -> None:
        if not overtaken:
            overtaken.append(take_out(lake, key))
        original(job, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest.Ingestion, "_commit", be_overtaken)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 1, 1, 0)]
    assert lake.rows() == [("a.csv", 2, "C")]
    assert statuses(lake, key) == ["ingested", "withdrawn", "ingested"]


def test_a_withdrawal_that_a_correction_overtakes_plans_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    original, overtaken = commit.replace, []

    def be_overtaken(*arguments: object) -> object:
        if not overtaken:
            overtaken.append(lake.put("a.csv", OTHER))
            lake.ingest()
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(commit, "replace", be_overtaken)
    assert take_out(lake, key).rows_ingested == 1
    assert lake.rows() == []
    assert statuses(lake, key) == ["ingested", "superseded", "ingested", "withdrawn"]
    assert lake.ingest() == []


def test_a_withdrawal_that_is_always_overtaken_changes_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflict(*_: object) -> None:
        raise commit.CommitConflict

    key = lake.put("a.csv", GOOD)
    lake.ingest()
    with monkeypatch.context() as patch:
        patch.setattr(commit, "replace", conflict)
        with pytest.raises(TryAgainError, match="in the way 10 times; withdraw again"):
            take_out(lake, key)
    assert len(lake.rows()) == 2
    assert statuses(lake, key) == ["ingested"]
