"""Jobs that run at the same time, and states that only such jobs leave behind."""

from collections import Counter
from collections.abc import Callable

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake

from data_hub.iceberg import commit
from data_hub.ingestion import ingest, source_file
from data_hub.ledgers import ledger
from data_hub.ledgers.ledger_entry import LedgerEntry

GOOD = HEADER_V1 + row_v1("A") + row_v1("B")
OTHER = HEADER_V1 + row_v1("C")


def items(lake: Lake, name: str) -> list[str | None]:
    return [item for file, _, item in lake.rows() if file == name]


def recorded(lake: Lake) -> Counter[tuple[str, str]]:
    """How often the ledger says what of which object."""
    rows = lake.table("_ledger").scan().to_arrow().to_pylist()
    return Counter((row["key"].rsplit("/", 1)[-1], row["status"]) for row in rows)


def overtake(monkeypatch: pytest.MonkeyPatch, what_others_do: Callable[[], object]) -> None:
    """Let something happen once, after a job has read its files and before it commits them."""
    original = ingest.Ingestion._commit
    overtaken = []

    def be_overtaken(job: ingest.Ingestion, *arguments: object) -> None:
        if not overtaken:
            overtaken.append(job)
            what_others_do()
        original(job, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest.Ingestion, "_commit", be_overtaken)


def test_a_content_that_another_job_replaced_meanwhile_is_never_put_back(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def correct() -> None:
        lake.put("a.csv", OTHER)
        lake.ingest()

    lake.put("a.csv", GOOD)
    overtake(monkeypatch, correct)
    lake.ingest()
    assert items(lake, "a.csv") == ["C"]


def test_a_skip_that_a_correction_overtook_does_not_hide_the_correction_back(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put_under_another_etag(key, GOOD)
    lake.put("b.csv", GOOD)

    def correct_and_back() -> None:
        lake.put("a.csv", OTHER)
        lake.ingest()
        lake.put_under_another_etag(key, GOOD)

    with monkeypatch.context() as patch:
        overtake(patch, correct_and_back)
        lake.ingest()
    lake.ingest()
    assert items(lake, "a.csv") == ["A", "B"]
    assert items(lake, "b.csv") == ["A", "B"]


def test_files_that_another_job_ingested_meanwhile_are_not_ingested_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "MAX_KEYS", 1)
    for number in range(4):
        lake.put(f"{number}.csv", GOOD)
    overtake(monkeypatch, lake.ingest)
    lake.ingest()
    assert recorded(lake) == {(f"{number}.csv", "ingested"): 1 for number in range(4)}
    assert len(lake.rows()) == 8


def test_two_jobs_that_reject_a_file_say_so_once_and_do_not_unsay_an_acknowledgement(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = lake.put("a.csv", b"")

    def reject_and_acknowledge() -> None:
        lake.ingest()
        lake.ledger().acknowledge(key)

    overtake(monkeypatch, reject_and_acknowledge)
    lake.ingest()
    assert recorded(lake) == {("a.csv", "rejected"): 1, ("a.csv", "acknowledged"): 1}
    assert lake.ledger().rejected_files() == []


def test_an_ingestion_recorded_late_does_not_unsay_what_came_after_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = lake.put("a.csv", GOOD)
    original = ledger.Ledger.record
    late: list[tuple[ledger.Ledger, object]] = []

    def keep_back(writer: ledger.Ledger, entries: object) -> None:
        if late or not entries:
            original(writer, entries)  # type: ignore[arg-type]
        else:
            late.append((writer, entries))

    monkeypatch.setattr(ledger.Ledger, "record", keep_back)
    monkeypatch.setattr(ingest, "ROUNDS", 1)
    lake.ingest()
    monkeypatch.setattr(ingest.Ingestion, "_repair_ledger", lambda _: None)
    lake.put("a.csv", b"")
    lake.ingest()
    lake.ledger().acknowledge(key)
    original(*late[0])  # type: ignore[arg-type]
    assert lake.ledger().entries()[key].status == "acknowledged"
    assert lake.ingest() == []


def test_a_ledger_that_another_job_repairs_meanwhile_says_everything_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)
    original = commit.replace_rows

    def commit_then_be_repaired(*arguments: object) -> object:
        snapshot = original(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(commit, "replace_rows", original)
        lake.ingest()
        return snapshot

    monkeypatch.setattr(commit, "replace_rows", commit_then_be_repaired)
    lake.ingest()
    assert recorded(lake) == {("a.csv", "ingested"): 1}


def test_a_rejected_file_that_is_delivered_again_unchanged_is_read_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = HEADER_V1 + row_v1() + b"short\n"
    lake.put("a.csv", content)
    (rejected,) = lake.ingest()
    assert rejected.status == "rejected"
    mended = lake.with_table(max_reject_ratio=0.5)
    assert mended.ingest() == []
    # S3's times have whole seconds: the clock moves on instead of the test waiting.
    modified = source_file.SourceObject.__init__
    moved = rejected.last_modified.replace(year=rejected.last_modified.year + 1)

    def later(item: source_file.SourceObject, key: str, etag: str, size: int, _: object) -> None:
        modified(item, key, etag, size, moved)

    monkeypatch.setattr(source_file.SourceObject, "__init__", later)
    (entry,) = mended.ingest()
    assert (entry.status, entry.rows_ingested, entry.rows_rejected) == ("ingested", 1, 1)
    assert mended.ingest() == []


def test_the_rejects_of_other_contents_are_kept(lake: Lake) -> None:
    bad_x = HEADER_V1 + row_v1("X") * 40 + b"short\n"
    bad_y = HEADER_V1 + row_v1("Y") * 40 + b"too short\n"
    lake.put("a.csv", bad_y)
    lake.ingest()
    lake.put("a.csv", bad_x)
    lake.put("b.csv", bad_y)
    lake.ingest()
    assert Counter(name for name, _, _ in lake.rejects()) == {"a.csv": 2, "b.csv": 1}


def test_a_rejected_correction_belongs_to_no_commit(lake: Lake) -> None:
    key = lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("a.csv", b"")
    lake.ingest()
    entry: LedgerEntry = lake.ledger().entries()[key]
    assert (entry.status, entry.commit_id) == ("rejected", None)


def test_a_table_that_was_dropped_is_filled_again(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    lake.aws.client("glue").delete_table(DatabaseName=lake.deployment.database, Name=lake.pipeline.table.name)
    lake.ingest()
    assert items(lake, "a.csv") == ["A", "B"]
    lake.put("a.csv", OTHER)
    lake.ingest()
    assert items(lake, "a.csv") == ["C"]
    assert lake.ingest() == []


def test_objects_that_keep_arriving_do_not_fail_the_job(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("0.csv", GOOD)
    original = ingest.Ingestion._ingest_batch
    arrived = []

    def one_more_arrives(job: ingest.Ingestion, batch: object) -> int:
        left: int = original(job, batch)  # type: ignore[arg-type]
        arrived.append(lake.put(f"{len(arrived) + 1}.csv", GOOD))
        return left

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "ROUNDS", 3)
        patch.setattr(ingest.Ingestion, "_ingest_batch", one_more_arrives)
        assert len(lake.ingest()) == 3
    assert len(lake.ingest()) == 1
