import json
import time
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, PIPELINE, row_v1
from job_arguments import arguments_of
from lake import Lake

from data_hub import job, metrics
from data_hub.errors import DataHubError, TryAgainError
from data_hub.iceberg import commit
from data_hub.ingestion.ingest import Ingestion
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry

GOOD = HEADER_V1 + row_v1()
REJECTED = HEADER_V1 + b"x\n"
COUNTS = ("FilesIngested", "FilesRejected", "RowsIn", "RowsRejected", "FilesAwaitingCorrection")


@pytest.fixture
def arguments(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return arguments_of(lake, monkeypatch)


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what CloudWatch makes of the output of the last run: the counts of all lines added up."""
    return added_up([json.loads(line) for line in capsys.readouterr().out.splitlines() if metrics.is_line(line)])


def added_up(lines: list[dict[str, Any]]) -> dict[str, Any]:
    ends = [number for number, line in enumerate(lines[:-1]) if "RunSeconds" in line]
    lines = lines[ends[-1] + 1 :] if ends else lines
    totals = {name: sum(line.get(name, 0) for line in lines) for name in COUNTS if any(name in line for line in lines)}
    return lines[-1] | totals


def counts_of(found: dict[str, Any]) -> tuple[int | None, ...]:
    return tuple(found.get(name) for name in COUNTS)


def test_a_line_is_in_the_embedded_metric_format() -> None:
    text = metrics.last_line("collections", "csv-to-iceberg-ingestion", 1.5, {"FilesIngested": 2})
    assert metrics.is_line(text)
    assert "\n" not in text
    found = json.loads(text)
    assert abs(found["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    for directive in found["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "SimpleDataHub"
        # Every dimension has a text and every metric a number at the top of the line.
        assert all(isinstance(found[name], str) for names in directive["Dimensions"] for name in names)
        assert all(isinstance(found[metric["Name"]], int | float) for metric in directive["Metrics"])
    dimensions = {
        (metric["Name"], metric["Unit"], *directive["Dimensions"][0])
        for directive in found["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert dimensions == {("RunSeconds", "Seconds", "Pipeline", "Job"), ("FilesIngested", "Count", "Pipeline")}


@pytest.mark.parametrize("text", ["", "a line", '{"key": "value"}', "2 files: 2 rows read = 2 ingested + 0 rejected"])
def test_what_is_for_people_is_no_metrics_line(text: str) -> None:
    assert not metrics.is_line(text)


def test_an_ingestion_ends_with_its_counts(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1() * 40 + b"x\n")
    lake.put("b.csv", GOOD)
    lake.put("c.csv", REJECTED)
    job.run_ingestion(arguments)
    found = metrics_of(capsys)
    assert (found["Pipeline"], found["Job"]) == (PIPELINE.pipeline, "j")
    assert counts_of(found) == (2, 1, 43, 2, 1)
    assert 0 < found["RunSeconds"] < 60


def test_a_run_without_news_counts_nothing_but_what_still_awaits_a_correction(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    key = lake.put("c.csv", REJECTED)
    job.run_ingestion(arguments)
    job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (0, 0, 0, 0, 1)
    lake.ledger().acknowledge(key)
    job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (0, 0, 0, 0, 0)


def test_a_file_that_is_skipped_is_counted_once(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    key = lake.put("a.csv", GOOD)
    job.run_ingestion(arguments)
    lake.put_under_another_etag(key, GOOD)
    job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (0, 0, 0, 0, 0)


def test_a_run_that_fails_has_counted_what_it_committed(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)
    original = Ingestion._ingest_batch

    def lost(ingestion: Ingestion, batch: Any) -> None:
        original(ingestion, batch)
        raise ConnectionError("lost")

    monkeypatch.setattr(Ingestion, "_ingest_batch", lost)
    with pytest.raises(ConnectionError, match="lost"):
        job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (1, 0, 1, 0, 0)


def test_a_run_that_is_killed_has_counted_each_commit(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it goes on with the next one: Glue ends a run that takes too long without a warning."""
    lake.put("a.csv", GOOD)
    lake.put("b.csv", GOOD)
    printed = []
    original = Ingestion._ingest_batch

    def look(ingestion: Ingestion, batch: Any) -> int:
        left = original(ingestion, batch)
        printed.append(metrics_of(capsys))
        return left

    monkeypatch.setattr(commit, "MAX_KEYS", 1)
    monkeypatch.setattr(Ingestion, "_ingest_batch", look)
    job.run_ingestion(arguments)
    assert [counts_of(found) for found in printed] == [(1, 0, 1, 0, None)] * 2


def test_what_a_run_could_not_record_is_counted_by_the_next_one(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)

    def busy(ledger: Ledger, entries: list[LedgerEntry]) -> None:
        if entries:
            raise TryAgainError("others were in the way")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", busy)
        with pytest.raises(TryAgainError):
            job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (0, 0, 0, 0, 0)
    job.run_ingestion(arguments)
    assert counts_of(metrics_of(capsys)) == (1, 0, 1, 0, 0)


def test_figures_that_cannot_be_read_are_left_out_and_do_not_hide_why_a_run_failed(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", GOOD)

    def lost(_: object) -> None:
        raise ConnectionError("lost")

    monkeypatch.setattr(Ledger, "refresh", lost)
    with pytest.raises(ConnectionError, match="lost"):
        job.run_ingestion(arguments)
    output = capsys.readouterr().out.splitlines()
    assert output[-2] == "How many files await a correction cannot be read: ConnectionError: lost"
    assert counts_of(added_up([json.loads(output[-1])])) == (0, 0, 0, 0, None)


def test_a_run_that_fails_before_the_tables_are_open_still_tells_how_long_it_took(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ["nowhere" if word == lake.deployment.database else word for word in arguments]
    with pytest.raises(DataHubError, match="Database 'nowhere'"):
        job.run_ingestion(nowhere)
    found = metrics_of(capsys)
    assert found["RunSeconds"] > 0
    assert counts_of(found) == (None,) * 5


def test_the_views_job_tells_how_long_it_took_whether_it_ends_well_or_not(
    lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataHubError):
        job.run_views(arguments)
    assert metrics_of(capsys)["RunSeconds"] > 0
    lake.put("a.csv", GOOD)
    job.run_ingestion(arguments)
    capsys.readouterr()
    job.run_views(arguments)
    found = metrics_of(capsys)
    assert found["RunSeconds"] > 0
    assert counts_of(found) == (None,) * 5
