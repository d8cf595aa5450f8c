"""What is new, and what finding it out costs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import boto3
import pyarrow as pa
import pytest
from botocore.model import OperationModel
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake
from listed_bucket import ListedBucket, etag_of
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask

from data_hub.iceberg.catalog import open_catalog
from data_hub.ingestion import ingest
from data_hub.ledgers import arrivals
from data_hub.ledgers.arrivals import Lookout, NewObjects, Watched

GOOD = HEADER_V1 + row_v1()


class Calls(Counter[str]):
    """How often which call of AWS was sent, and how many data files of Iceberg tables were read."""

    def taken(self) -> dict[str, int]:
        """Return what was counted since the last time."""
        taken = dict(self)
        self.clear()
        return taken


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """The session that boto3's clients are made of from here on."""
    made = boto3.Session()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", made)
    return made


@pytest.fixture
def calls(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Calls:
    counted = Calls()
    read = ArrowScan.to_record_batches

    def count_files(scan: ArrowScan, tasks: Iterable[FileScanTask]) -> Iterator[pa.RecordBatch]:
        files = list(tasks)
        counted["data files"] += len(files)
        return read(scan, files)

    def count_call(model: OperationModel, **_: object) -> None:
        counted[model.name] += 1

    monkeypatch.setattr(ArrowScan, "to_record_batches", count_files)
    session.events.register("before-call", count_call)
    return counted


@pytest.fixture
def lookout(lake: Lake, session: boto3.Session) -> Lookout:
    return Lookout(Watched.of(lake.pipeline), lake.deployment)


def names(found: NewObjects) -> list[str]:
    return [item.key.rpartition("/")[2] for item in found.shown]


def test_what_was_dealt_with_is_not_new(lake: Lake, lookout: Lookout) -> None:
    lake.put("a.csv", GOOD)
    lake.put("b.csv", b"")
    lake.put("readme.txt", GOOD)
    assert names(lookout.look()) == ["a.csv", "b.csv"]
    lake.ingest()
    assert lookout.look() == NewObjects([], frozenset(), [])
    lake.put("a.csv", GOOD + row_v1("B"))
    assert names(lookout.look()) == ["a.csv"]


def test_what_only_the_tables_snapshots_know_is_not_new(
    lake: Lake, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    lake.put("a.csv", GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(ingest.Ledger, "record", lambda ledger, entries: die() if entries else None)
        with pytest.raises(KeyboardInterrupt):
            lake.ingest()
    assert lookout.look().count == 0


def test_a_table_that_was_dropped_makes_everything_new(lake: Lake, lookout: Lookout) -> None:
    lake.put("a.csv", GOOD)
    lake.ingest()
    assert lookout.look().count == 0
    lake.aws.client("glue").delete_table(DatabaseName=lake.deployment.database, Name=lake.pipeline.table.name)
    assert names(lookout.look()) == ["a.csv"]


def test_the_digest_names_the_set_of_versions(lake: Lake, lookout: Lookout) -> None:
    assert lookout.look().digest == ""
    lake.put("a.csv", GOOD)
    one = lookout.look()
    assert (len(one.digest), lookout.look().digest) == (32, one.digest)
    key = lake.put("b.csv", GOOD)
    two = lookout.look()
    assert two.digest != one.digest
    lake.aws.client("s3").delete_object(Bucket=lake.deployment.source_bucket, Key=key)
    assert lookout.look().digest == one.digest


def test_wanted_keys_are_looked_at_alone(lake: Lake, lookout: Lookout) -> None:
    wanted = lake.put("a.csv", GOOD)
    lake.put("b.csv", GOOD)
    absent = wanted.replace("a.csv", "c.csv")
    found = lookout.look([wanted, absent])
    assert (names(found), found.count, found.missing) == (["a.csv"], 1, [absent])


def test_each_file_of_the_ledger_is_read_once(lake: Lake, calls: Calls) -> None:
    lookout = Lookout(Watched.of(lake.pipeline), lake.deployment)
    lake.put("a.csv", GOOD)
    lake.ingest()
    lake.put("b.csv", GOOD)
    lake.ingest()
    calls.clear()
    assert lookout.look().count == 0
    assert calls.taken()["data files"] == 2
    lake.put("c.csv", GOOD)
    calls.clear()
    for _ in range(3):
        assert lookout.look().count == 1
        assert calls.taken() == {"GetTable": 2, "ListObjectsV2": 1}
    lake.ingest()
    calls.clear()
    assert lookout.look().count == 0
    assert calls.taken()["data files"] == 1


def test_a_ledger_whose_files_were_rewritten_is_read_anew(lake: Lake, calls: Calls) -> None:
    lookout = Lookout(Watched.of(lake.pipeline), lake.deployment)
    for name in ("a.csv", "b.csv"):
        lake.put(name, GOOD)
        lake.ingest()
    lookout.look()
    ledger = open_catalog().load_table((lake.deployment.database, lake.pipeline.table.ledger_name))
    ledger.overwrite(ledger.scan().to_arrow())
    calls.clear()
    assert lookout.look().count == 0
    assert calls.taken()["data files"] == 1


def test_thousands_of_objects_cost_a_listing_for_each_thousand(
    lake: Lake, calls: Calls, session: boto3.Session
) -> None:
    lake.put("a.csv", GOOD)
    (entry,) = lake.ingest()
    keys = [f"{lake.pipeline.source.prefix}ingest_ts={number}/a.csv" for number in range(10_000, 13_500)]
    known = [replace(entry, key=key, etag=etag_of(key), commit_id=f"commit of {key}") for key in keys[:3000]]
    lake.ledger().record(known)
    bucket = ListedBucket(session, keys)
    lookout = Lookout(Watched.of(lake.pipeline), lake.deployment)
    found = lookout.look()
    assert (found.count, [item.key for item in found.shown]) == (500, keys[3000:3100])
    assert bucket.calls == 4
    calls.clear()
    assert lookout.look() == found
    assert calls.taken() == {"ListObjectsV2": 4, "GetTable": 2}


def test_new_objects_is_one_look(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    assert names(arrivals.new_objects(lake.pipeline, lake.deployment)) == ["a.csv"]
