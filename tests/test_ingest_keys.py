import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake, outcome

from data_hub.errors import DataHubError
from data_hub.ingestion import ingest
from data_hub.ledgers.ledger_entry import LedgerEntry

GOOD = HEADER_V1 + row_v1()


def ingest_only(lake: Lake, *keys: str) -> tuple[list[LedgerEntry], list[str]]:
    """Ingest some objects; return what was done and what was told."""
    told: list[str] = []
    return ingest.Ingestion.open(lake.pipeline, lake.deployment, "jr_test", told.append).run(keys), told


def test_only_the_named_objects_are_ingested(lake: Lake) -> None:
    lake.put("a.csv", GOOD)
    b = lake.put("b.csv", GOOD)
    done, _ = ingest_only(lake, b)
    assert outcome(done) == [("b.csv", "ingested", 1, 1, 0)]
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 1, 1, 0)]


def test_one_that_was_dealt_with_is_told_and_no_error(lake: Lake) -> None:
    a = lake.put("a.csv", GOOD)
    lake.ingest()
    b = lake.put("b.csv", GOOD)
    done, told = ingest_only(lake, a, b)
    assert outcome(done) == [("b.csv", "ingested", 1, 1, 0)]
    assert told[0] == f"{a}: dealt with already"


@pytest.mark.parametrize("unknown", ["collections-data/ingest_ts=1/missing.csv", "collections-data/ingest_ts=1/a.txt"])
def test_a_key_that_is_no_object_of_the_source_stops_the_run_before_it_begins(lake: Lake, unknown: str) -> None:
    lake.put("a.txt", GOOD)
    a = lake.put("a.csv", GOOD)
    with pytest.raises(DataHubError, match=f"no such object: {unknown}\\. Name keys that are in the bucket"):
        ingest_only(lake, a, unknown)
    assert outcome(lake.ingest()) == [("a.csv", "ingested", 1, 1, 0)]
