"""The Spark engine: corrections, crashes, other writers, lost answers."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake
from pyiceberg.expressions import EqualTo
from spark_lake import SparkLake

from data_hub.errors import DataHubError
from data_hub.iceberg import commit
from data_hub.iceberg.commit import Commit, CommitConflict
from data_hub.ingestion import spark_engine, spark_merge
from data_hub.ingestion.ingest import Ingestion
from data_hub.ingestion.objects import SourceBucket
from data_hub.ingestion.spark_merge import MergeTarget
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import INGESTED, REJECTED, SKIPPED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:distutils Version classes"),
]

BAD = b"FRY9C,no date,1,2,k,v\n"


def file_of(rows: int, *, bad: int = 0) -> bytes:
    return HEADER_V1 + row_v1() * rows + BAD * bad


def rows_by_file(lake: SparkLake) -> Counter[str]:
    return Counter(dict(row)["source_file"] for row in lake.content())


def commits(lake: SparkLake) -> int:
    return sum(commit.id_of(snapshot) is not None for snapshot in lake.tables().rows.snapshots())


def test_a_correction_among_files_that_share_a_data_file_replaces_its_rows_alone(spark_lake: SparkLake) -> None:
    names = [f"ingest_ts=1/{number}.csv" for number in range(20)]
    for name in names:
        spark_lake.put(name, file_of(2))
    # One data file holds them all.
    spark_lake.ingest("arrow")
    spark_lake.put(names[3], file_of(5))
    assert [entry.status for entry in spark_lake.ingest("spark")] == [INGESTED]
    assert rows_by_file(spark_lake) == {name: 5 if name == names[3] else 2 for name in names}
    assert commits(spark_lake) == 2
    [replaced] = [entry for entry in spark_lake.content("ledger") if dict(entry)["status"] == "superseded"]
    assert dict(replaced)["key"] == names[3]


def test_keys_may_hold_what_sql_has_a_meaning_for(spark_lake: SparkLake) -> None:
    names = [f"ingest_ts=1/{name}.csv" for name in ("it's", '"q"', "back\\slash", "${user}", "a`b", "é")]
    for name in names:
        spark_lake.put(name, file_of(30, bad=1))
    for rows in (30, 31):
        assert {entry.rows_ingested for entry in spark_lake.ingest("spark")} == {rows}
        assert rows_by_file(spark_lake) == dict.fromkeys(names, rows)
        for name in names:
            spark_lake.put(name, file_of(31, bad=1))
    assert len(spark_lake.content("rejects")) == 2 * len(names)


def test_tasks_read_the_objects_of_a_bucket_as_in_a_glue_job(lake: Lake, spark_lake: SparkLake) -> None:
    key = lake.put("a.csv", file_of(30, bad=1))
    tables = spark_lake.tables()
    bucket = lake.deployment.source_bucket
    engine = spark_lake.spark_engine(tables, partial(SourceBucket, lake.pipeline.source, bucket))
    store = SourceBucket(lake.pipeline.source, bucket)
    [entry] = Ingestion(lake.pipeline, store, tables, engine, lambda _: None).run()
    assert (entry.key, entry.rows_ingested, entry.rows_rejected) == (key, 30, 1)
    assert rows_by_file(spark_lake) == {key: 30}


def test_in_a_glue_job_it_takes_the_session_and_the_catalog_of_the_job(lake: Lake, spark_lake: SparkLake) -> None:
    key = f"spark.sql.catalog.{spark_engine.CATALOG}"
    spark_lake.spark.session.conf.set(key, "no.such.Catalog")
    try:
        engine = spark_engine.of_glue(lake.pipeline, lake.deployment, spark_lake.tables(), "jr_1")
        # Here is no such catalog; that Spark looks for it is all that can be seen.
        with pytest.raises(Exception, match=r"glue_catalog|no\.such\.Catalog"):
            engine.read(
                list(SourceBucket(lake.pipeline.source, lake.deployment.source_bucket).list_objects()), lambda _: None
            )
    finally:
        spark_lake.spark.session.conf.unset(key)


def test_without_a_glue_job_it_says_what_to_do(lake: Lake, spark_lake: SparkLake) -> None:
    with pytest.raises(DataHubError, match=r"--engine spark needs a Glue job whose --conf .* use --engine arrow"):
        spark_engine.of_glue(lake.pipeline, lake.deployment, spark_lake.tables(), "jr_1")


def test_the_same_bytes_again_are_skipped_without_a_commit(spark_lake: SparkLake) -> None:
    key = spark_lake.put("ingest_ts=1/a.csv", file_of(3))
    spark_lake.ingest("spark")
    spark_lake.put(key, file_of(3))
    assert [entry.status for entry in spark_lake.ingest("spark")] == [SKIPPED]
    assert commits(spark_lake) == 1


def test_an_object_that_was_replaced_since_it_was_listed_is_left_for_the_next_listing(spark_lake: SparkLake) -> None:
    key = spark_lake.put("ingest_ts=1/a.csv", file_of(1))
    spark_lake.put("ingest_ts=1/b.csv", file_of(2))
    listed = list(spark_lake.store.list_objects())
    spark_lake.put(key, file_of(3))
    read = spark_lake.engine("spark", spark_lake.tables()).read(listed, lambda _: None)
    assert [entry.key for entry in read.entries] == ["ingest_ts=1/b.csv"]
    assert read.taken == 2
    read.discard()


@pytest.mark.parametrize("point", ["rejects", "rows", "ledger"])
def test_a_run_that_ends_before_a_commit_is_taken_up_by_the_next_one(
    point: str, spark_lake: SparkLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    spark_lake.put("ingest_ts=1/good.csv", file_of(60, bad=1))
    spark_lake.put("ingest_ts=1/bad.csv", file_of(1, bad=2))
    done: Callable[..., Any] = MergeTarget.replace

    def replace(self: MergeTarget, *arguments: Any) -> Any:
        if self.name.endswith("_rejects`") == (point == "rejects"):
            raise KeyboardInterrupt
        return done(self, *arguments)

    def record(self: Ledger, entries: object) -> None:
        if entries:
            raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        if point == "ledger":
            crash.setattr(Ledger, "record", record)
        else:
            crash.setattr(MergeTarget, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            spark_lake.ingest("spark")
    spark_lake.ingest("spark")
    assert rows_by_file(spark_lake) == {"ingest_ts=1/good.csv": 60}
    assert Counter(dict(row)["source_file"] for row in spark_lake.content("rejects")) == {
        "ingest_ts=1/good.csv": 1,
        "ingest_ts=1/bad.csv": 3,
    }
    states = {dict(row)["key"]: dict(row)["status"] for row in spark_lake.content("ledger")}
    assert states == {"ingest_ts=1/good.csv": INGESTED, "ingest_ts=1/bad.csv": REJECTED}
    assert commits(spark_lake) == 1
    assert spark_lake.ingest("spark") == []


def test_an_answer_that_is_lost_after_the_commit_took_effect_is_looked_up(
    spark_lake: SparkLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Callable[..., Any] = spark_merge._execute

    def execute(*arguments: Any) -> None:
        done(*arguments)
        raise ConnectionError("the answer is lost")

    monkeypatch.setattr(spark_merge, "_execute", execute)
    spark_lake.put("ingest_ts=1/a.csv", file_of(30, bad=1))
    assert [entry.rows_ingested for entry in spark_lake.ingest("spark")] == [30]
    assert commits(spark_lake) == 1
    assert len(spark_lake.content("rejects")) == 1


def test_an_error_before_the_commit_took_effect_is_told(spark_lake: SparkLake, monkeypatch: pytest.MonkeyPatch) -> None:
    def execute(*_arguments: Any) -> None:
        raise ConnectionError("no way through")

    monkeypatch.setattr(spark_merge, "_execute", execute)
    spark_lake.put("ingest_ts=1/a.csv", file_of(3))
    with pytest.raises(ConnectionError, match="no way through"):
        spark_lake.ingest("spark")
    assert spark_lake.content() == []


def test_another_writer_of_the_same_key_since_the_reading_is_a_conflict_another_key_is_not(
    spark_lake: SparkLake,
) -> None:
    for name in ("a", "b"):
        spark_lake.put(f"ingest_ts=1/{name}.csv", file_of(3))
    tables = spark_lake.tables()
    first, second = spark_lake.store.list_objects()
    ours = spark_lake.engine("spark", tables).read([first], lambda _: None)
    other = spark_lake.engine("arrow", spark_lake.tables())
    other.read([second], lambda _: None).commit_rows(Commit.new())
    assert ours.commit_rows(Commit.new([{"a": 1}])).sequence_number == 2

    tables.rows.refresh()
    again = spark_lake.engine("spark", tables).read([first], lambda _: None)
    theirs = spark_lake.tables()
    spark_lake.engine("arrow", theirs).read([first], lambda _: None).commit_rows(Commit.new())
    with pytest.raises(CommitConflict):
        again.commit_rows(Commit.new())
    assert rows_by_file(spark_lake) == {first.key: 3, second.key: 3}


def test_two_first_writers_of_a_key_conflict_although_there_is_nothing_to_replace(spark_lake: SparkLake) -> None:
    spark_lake.put("ingest_ts=1/a.csv", file_of(3))
    [item] = spark_lake.store.list_objects()
    ours = spark_lake.engine("spark", spark_lake.tables()).read([item], lambda _: None)
    theirs = spark_lake.tables()
    spark_lake.engine("arrow", theirs).read([item], lambda _: None).commit_rows(Commit.new())
    with pytest.raises(CommitConflict):
        ours.commit_rows(Commit.new())
    assert rows_by_file(spark_lake) == {item.key: 3}


def test_a_conflict_is_planned_again_by_the_ingestion(spark_lake: SparkLake, monkeypatch: pytest.MonkeyPatch) -> None:
    key = spark_lake.put("ingest_ts=1/a.csv", file_of(3))
    done: Callable[..., Any] = MergeTarget.replace

    def replace(self: MergeTarget, *arguments: Any) -> Any:
        monkeypatch.setattr(MergeTarget, "replace", done)
        # A newer content of the same key gets in between.
        spark_lake.put(key, file_of(5))
        spark_lake.ingest("arrow")
        return done(self, *arguments)

    monkeypatch.setattr(MergeTarget, "replace", replace)
    assert spark_lake.ingest("spark") == []
    assert rows_by_file(spark_lake) == {key: 5}


def test_commits_carry_the_entries_and_full_bounds_of_the_key(spark_lake: SparkLake) -> None:
    key = spark_lake.put(f"ingest_ts=1/{'long' * 20}.csv", file_of(3))
    [entry] = spark_lake.ingest("spark")
    table = spark_lake.tables().rows
    [snapshot] = table.snapshots()
    assert commit.entries_of(snapshot) == [entry.to_summary()]
    assert [
        len(list(table.scan(row_filter=EqualTo("source_file", name)).plan_files())) for name in (key, f"{key}0")
    ] == [
        1,
        0,
    ]
