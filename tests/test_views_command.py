"""``hub views``: what is published, the statements that make it, and publishing it now."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from report_rows import Reports, report_row
from rich.console import Console

from data_hub.errors import DataHubError
from hub_cli import lake, view_list, views, withdraw
from hub_cli.__main__ import hub
from hub_cli.lake import Data
from local_aws.process import LocalAws

HOSTILE = "'; DROP"


@pytest.fixture
def reports(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Reports:
    """A table with a series, which the commands take for that of the pipeline collections."""
    reports = Reports.deploy(aws)
    reports.add(report_row())

    @contextmanager
    def data() -> Iterator[Data]:
        yield Data("of a test", is_running=True, aws=aws)

    monkeypatch.setattr(lake, "open_data", data)
    monkeypatch.setattr(lake, "open_data_to_change", data)
    monkeypatch.setattr(views.pipeline_file, "load", lambda _: reports.pipeline)
    monkeypatch.setattr(views, "deployment_of", lambda *_: reports.deployment)
    monkeypatch.setattr(view_list, "files_of", lambda _: [])
    return reports


def shown() -> list[str]:
    text = StringIO()
    views.show(Console(file=text, width=300), "collections", as_json=False)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    views.show(Console(file=StringIO()), "collections", as_json=True)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def states(found: dict[str, Any]) -> dict[str, str]:
    return {view["name"]: view["state"] for view in found["views"]}


def publish(*, prune: bool = False, as_json: bool = False) -> str:
    text = StringIO()
    views.publish(Console(file=text, width=300), "collections", views.PublishOptions(prune, as_json))
    return text.getvalue()


def ddl_of(capsys: pytest.CaptureFixture[str], view: str = "", dialect: str | None = None) -> str:
    capsys.readouterr()
    views.print_ddl("collections", view, "create", dialect)
    return capsys.readouterr().out


def test_views_are_listed_as_published(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    reports.add(report_row(seriesid=HOSTILE))
    publish()
    lines = shown()
    assert lines[0] == "collections: 3 views; data of a test"
    assert "✔ fry9c_report_view 1 4 athena, spark passed" in lines
    (refused,) = [line for line in lines if "gets no report view" in line]
    assert refused.startswith('⚠ Series "\'; DROP" gets no report view')
    found = document(capsys)
    assert set(states(found).values()) == {"published"}
    unified = next(view for view in found["views"] if view["name"] == "collections_data_view")
    assert (unified["rows"], unified["dialects"]) == (2, ["SPARK", "ATHENA"])
    assert HOSTILE in unified["note"]
    assert [one["name"] for one in found["refused"]] == [HOSTILE]


def test_nothing_is_published_yet(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(states(document(capsys)).values()) == {"missing"}
    lines = shown()
    assert "fry9c_report_view not published yet" in lines
    assert "./hub views --publish makes or replaces what is not as defined" in lines


def test_a_new_item_leaves_its_view_out_of_date_until_it_is_published(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    publish()
    reports.add(report_row(item_mdrm="BHCK4397"))
    assert states(document(capsys))["fry9c_report_view"] == "out of date"
    assert states(document(capsys))["collections_data_view"] == "published"
    assert view_list.is_behind(reports.pipeline, reports.deployment)
    capsys.readouterr()
    publish()
    assert capsys.readouterr().out.splitlines()[-1] == "3 views: 2 unchanged, 1 replaced"
    assert set(states(document(capsys)).values()) == {"published"}
    assert not view_list.is_behind(reports.pipeline, reports.deployment)


def test_a_view_that_nothing_defines_any_more_is_told_and_dropped_on_demand(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    table = reports.add(report_row(seriesid="FRY15"))
    publish()
    table.refresh()
    table.delete("seriesid = 'FRY15'")
    assert states(document(capsys))["fry15_report_view"] == "gone"
    assert any("--prune drops" in line for line in shown())
    publish()
    assert states(document(capsys))["fry15_report_view"] == "gone"
    publish(prune=True)
    assert "fry15_report_view" not in states(document(capsys))


def test_progress_is_a_line_for_each_view_and_none_on_standard_output_with_json(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    publish()
    assert any(line.startswith("fry9c_report_view: created") for line in capsys.readouterr().out.splitlines())
    publish(as_json=True)
    written = capsys.readouterr()
    assert set(states(json.loads(written.out)).values()) == {"published"}
    assert "fry9c_report_view: unchanged" in written.err


def test_a_refused_view_fails_the_command_and_the_others_are_there(
    aws: LocalAws, reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    glue, database = aws.client("glue"), reports.deployment.database
    glue.create_table(DatabaseName=database, TableInput={"Name": "fry9c_report_view", "TableType": "EXTERNAL_TABLE"})
    with pytest.raises(DataHubError, match="has a table of that name"):
        publish()
    found = states(document(capsys))
    assert (found["collections_data_view"], found["fry9c_report_view"]) == ("published", "missing")


def test_statements_of_all_views_or_of_one_go_to_standard_output(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    publish()
    every = ddl_of(capsys)
    assert every.count("PROTECTED MULTI DIALECT VIEW") == every.count("ADD DIALECT") == 3
    one = ddl_of(capsys, "FRY9C_report_view", "athena")
    database = reports.deployment.database
    (statement,) = [line for line in one.splitlines() if line.startswith(("CREATE", "ALTER"))]
    assert statement == f'ALTER VIEW "{database}"."fry9c_report_view" ADD DIALECT AS'


def test_statements_of_a_view_that_is_not_there_are_an_error_that_names_those_that_are(reports: Reports) -> None:
    with pytest.raises(DataHubError, match=r"has published no view x_view; its views: none yet; ./hub views --publish"):
        views.print_ddl("collections", "x_view", "create", None)
    publish()
    with pytest.raises(DataHubError, match=r"no view x_view; its views: .*fry9c_report_view"):
        views.print_ddl("collections", "x_view", "create", None)


def test_after_a_withdrawal_it_is_told_which_views_have_yet_to_follow(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = reports.add(report_row(seriesid="FRY15"), report_row(item_mdrm="BHCK4397", rssdid=7))
    publish()

    def take_out(*_: object) -> SimpleNamespace:
        table.refresh()
        table.delete("seriesid = 'FRY15' or rssdid = 7")
        return SimpleNamespace(rows_ingested=2, rows_rejected=0)

    monkeypatch.setattr(withdraw.withdrawal, "withdraw", take_out)
    monkeypatch.setattr(withdraw, "deployment_of", lambda *_: reports.deployment)
    text = StringIO()
    withdraw.withdraw(Console(file=text, width=300), "a.csv", "collections")
    assert text.getvalue().splitlines()[-3:] == [
        "  Views show the table as it is: the rows are gone from them, too",
        "  Columns or notes have yet to follow in fry9c_report_view: ./hub views --publish",
        "  Nothing defines fry15_report_view any more: ./hub views --prune drops what is gone",
    ]
    publish(prune=True)
    assert set(states(document(capsys)).values()) == {"published"}


@pytest.mark.parametrize("words", [["--update"], ["--dialect", "spark"], ["--ddl", "--json"], ["--ddl", "--publish"]])
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    answer = CliRunner().invoke(hub, ["views", *words])
    assert answer.exit_code == 2
    assert "--ddl" in answer.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ddl"], ("collections", "", "create", None)),
        (["--ddl", "x_view", "--dialect", "spark"], ("collections", "x_view", "create", "spark")),
        (["--ddl", "--update", "--pipeline", "p"], ("p", "", "update", None)),
    ],
)
def test_ddl_takes_a_view_or_none(
    words: list[str], expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(views, "print_ddl", lambda *arguments: asked.append(arguments))
    assert CliRunner().invoke(hub, ["views", *words]).exit_code == 0
    assert asked == [expected]
