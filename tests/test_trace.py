"""From a reported number back to its line, and what it beat."""

import gzip
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, HEADER_V2, SAMPLE
from lake import Lake
from rich.console import Console
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import views
from data_hub.traces import trace
from data_hub.traces.trace import Number, Trace
from hub_cli import trace_document
from hub_cli.trace import _print
from local_aws.athena import Athena

VIEW = "fry9c_report_view"


def line(value: str, submitted: int = 1770609249, item: str = "BHCK2170", aod: str = "20251231") -> bytes:
    return f"FRY9C,{aod},1234567,{submitted},{item},{value}\n".encode()


def follow(lake: Lake, item: str = "BHCK2170", aod: str | None = None, view: str = VIEW) -> Trace:
    return trace.trace(lake.pipeline, lake.deployment, view, "1234567", item, aod)


def number(lake: Lake) -> Number:
    (found,) = follow(lake).numbers
    return found


def ingest(lake: Lake) -> None:
    lake.ingest("jr_1")
    definer = "arn:aws:iam::123456789012:role/view-definer"
    views.create_views(lake.pipeline, replace(lake.deployment, view_definer=definer))


def shown(lake: Lake, view: str) -> list[dict[str, Any]]:
    """Return the rows of a report view, the latest submission first, as Athena answers."""
    athena = Athena(open_catalog(), lake.aws.client("glue"), lake.deployment.database)
    query = exp.select("*").from_(view).where("rssdid = 1234567").order_by("submission_ts DESC")
    return athena.query(query.sql("athena")).to_pylist()


def test_a_number_leads_to_object_line_text_and_run(lake: Lake) -> None:
    key = lake.put("a.csv", HEADER_V1 + line("7", item="BHCK0001") + line("42"), ingest_ts=5)
    ingest(lake)
    found = number(lake)
    assert (found.row.value, found.row.source_file, found.row.source_line) == ("42", key, 3)
    assert (found.text.state, found.text.text) == ("verified", line("42").decode().rstrip())
    entry = lake.ledger().entries()[key]
    assert found.ingested == entry
    assert (entry.job_run_id, entry.snapshot_id) == ("jr_1", lake.table().metadata.current_snapshot_id)
    assert (list(found.contest.beaten), list(found.others)) == ([], [])


def test_the_winner_is_what_the_report_view_shows_and_the_others_say_why_they_lost(lake: Lake) -> None:
    lake.put("early.csv", HEADER_V1 + line("1", 100) + line("2", 100), ingest_ts=9)
    lake.put("a.csv", HEADER_V1 + line("3", 200) + line("4", 200), ingest_ts=5)
    lake.put("b.csv", HEADER_V1 + line("5", 200), ingest_ts=5)
    lake.put("c.csv", HEADER_V1 + line("6", 200), ingest_ts=4)
    ingest(lake)
    contest = number(lake).contest
    rows = [contest.winner, *contest.beaten]
    assert [row.value for row in rows] == ["5", "4", "3", "6", "2", "1"]
    in_view = [row["bhck2170"] for row in shown(lake, VIEW)]
    assert [row.value for row in rows if contest.is_shown(row)] == ["5", "2"]
    assert in_view == [Decimal(5), Decimal(2)]
    assert [row.why_beaten_by(contest.rival_of(row)) for row in contest.beaten] == [
        "same submission and ingest_ts, the greater source_file counts",
        "same submission and ingest_ts, the greater source_file counts",
        "same submission, delivered earlier (ingest_ts 4 < 5)",
        "earlier submission",
        "same submission and file, the later line counts",
    ]


def test_every_number_of_the_sample_is_the_one_that_its_view_shows(lake: Lake) -> None:
    for path in SAMPLE.rglob("*.csv"):
        lake.put(path.name, path.read_bytes(), ingest_ts=int(path.parent.name.split("=")[1]))
    ingest(lake)
    for view, item in ((VIEW, "bhck2170"), ("fry15_report_view", "RISI2170"), ("fr2004a_report_view", "GSWAM438")):
        found = follow(lake, item, view=view)
        rows = [row for row in shown(lake, view) if row["aod"] == found.aod and row[item.lower()] is not None]
        latest = [row[item.lower()] for row in rows if row["submission_ts"] == rows[0]["submission_ts"]]
        assert sorted(Decimal(str(one.row.value)) for one in found.numbers) == sorted(latest)
        for one in found.numbers:
            assert one.text.state == "verified"
            assert str(one.row.value) in str(one.text.text)


def test_a_number_of_the_current_view_is_that_of_the_latest_submission(lake: Lake) -> None:
    lake.put("early.csv", HEADER_V1 + line("1", 100), ingest_ts=9)
    lake.put("late.csv", HEADER_V1 + line("2", 200), ingest_ts=5)
    ingest(lake)
    [current] = [row["item_value"] for row in shown(lake, "collections_data_current_view")]
    [found] = follow(lake, view="collections_data_current_view").numbers
    assert found.row.value == current == "2"


def test_a_series_context_tells_numbers_apart(lake: Lake) -> None:
    rows = b"FRY9C,20251231,1234567,1,BHCK2170,Assets,%d,GSWA0001,Long,%d,,,,,,\n"
    lake.put("a.csv", HEADER_V2 + rows % (10, 1) + rows % (20, 2))
    ingest(lake)
    assert [(one.row.value, one.row.context["context_level1_value"]) for one in follow(lake).numbers] == [
        ("10", "1"),
        ("20", "2"),
    ]


def test_the_latest_as_of_date_is_traced_unless_another_is_asked_for(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + line("1", aod="20250930") + line("2", aod="20251231"))
    ingest(lake)
    assert (str(follow(lake).aod), [str(day) for day in follow(lake).other_aods]) == ("2025-12-31", ["2025-09-30"])
    for aod in ("2025-09-30", "20250930"):
        assert [one.row.value for one in follow(lake, aod=aod).numbers] == ["1"]


def test_the_view_of_all_rows_can_be_asked_too(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + line("42"))
    ingest(lake)
    found = follow(lake, "bhck2170", view="collections_data_view")
    assert [one.row.value for one in found.numbers] == ["42"]


def test_superseded_contents_of_the_object_are_told(lake: Lake) -> None:
    lake.put("a.csv", HEADER_V1 + line("1"))
    ingest(lake)
    lake.put("a.csv", HEADER_V1 + line("2"))
    ingest(lake)
    found = number(lake)
    assert (found.row.value, found.text.state) == ("2", "verified")
    assert [(entry.status, entry.rows_ingested) for entry in found.others] == [("superseded", 1)]


def test_compressed_objects_are_read(lake: Lake) -> None:
    lake.put("a.csv.gz", gzip.compress(HEADER_V1 + line("1", item="BHCK0001") + line("42")))
    ingest(lake)
    assert number(lake).text.text == line("42").decode().rstrip()


def test_an_old_version_is_read_from_a_bucket_with_versions(lake: Lake) -> None:
    bucket = lake.deployment.source_bucket
    lake.aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key = lake.put("a.csv", HEADER_V1 + line("42"))
    ingest(lake)
    lake.put("a.csv", b"")
    lake.aws.client("s3").delete_object(Bucket=bucket, Key=key)
    found = number(lake)
    assert found.ingested is not None
    assert found.ingested.version_id is not None
    assert (found.text.state, found.text.text) == ("verified", line("42").decode().rstrip())


def test_an_object_that_is_gone_or_changed_is_told(lake: Lake) -> None:
    key = lake.put("a.csv", HEADER_V1 + line("42"))
    ingest(lake)
    lake.put("a.csv", HEADER_V1 + line("43"))
    assert (number(lake).text.state, number(lake).text.text) == ("changed", None)
    lake.aws.client("s3").delete_object(Bucket=lake.deployment.source_bucket, Key=key)
    assert number(lake).text.state == "gone"
    assert number(lake).row.value == "42"


def test_the_same_bytes_under_another_etag_are_found(lake: Lake) -> None:
    content = HEADER_V1 + line("42")
    key = lake.put("a.csv", content)
    ingest(lake)
    lake.put_under_another_etag(key, content)
    lake.ingest("jr_2")
    found = number(lake)
    assert found.text.state == "verified"
    assert found.ingested is not None
    assert found.ingested.job_run_id == "jr_1"


def test_what_is_not_there_is_told_with_what_is(lake: Lake) -> None:
    with pytest.raises(DataHubError, match="does not exist yet: run the ingestion of pipeline collections first"):
        follow(lake)
    lake.put("a.csv", HEADER_V1 + line("42"))
    lake.ingest()
    with pytest.raises(DataHubError, match="has no view 'fry9c_report_view'; its views: none yet"):
        follow(lake)
    ingest(lake)
    with pytest.raises(DataHubError, match=r"has no view 'fry9d_report_view'; its views: .*fry9c_report_view"):
        follow(lake, view="fry9d_report_view")
    with pytest.raises(DataHubError, match="has no item BHCK2171; it has 1, among them bhck2170"):
        follow(lake, "BHCK2171")
    with pytest.raises(DataHubError, match=r"shows no BHCK2170 of RSSD id 1234567 for 2024-12-31; .*: 2025-12-31"):
        follow(lake, aod="2024-12-31")
    with pytest.raises(DataHubError, match="'x' does not fit its column"):
        trace.trace(lake.pipeline, lake.deployment, VIEW, "x", "BHCK2170")
    with pytest.raises(DataHubError, match="shows no BHCK2170 of RSSD id 7"):
        trace.trace(lake.pipeline, lake.deployment, VIEW, "7", "BHCK2170")


def test_people_and_programs_read_the_same(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.put("a.csv", HEADER_V1 + line("41", 100) + line("42", 200))
    ingest(lake)
    found = follow(lake)
    document = json.loads(json.dumps(trace_document.of(found)))
    (one,) = document["numbers"]
    assert (one["value"], one["raw_text"], one["object"]["state"]) == ("42", line("42", 200).decode()[:-1], "verified")
    assert [(row["value"], row["why"], row["in_report_view"]) for row in one["beaten"]] == [
        ("41", "earlier submission", True)
    ]
    _print(Console(width=1000), found, "1234567")
    text = capsys.readouterr().out
    for expected in (one["source_file"], one["raw_text"], one["ledger"]["sha256"], "jr_1", "It beat 1 other row"):
        assert expected in text
