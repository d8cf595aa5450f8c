"""``hub views``: what is published, the statements that make it, and publishing it now."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from report_rows import Reports, report_row
from rich.console import Console

from data_hub.errors import DataHubError
from data_hub.sql_views import catalog_view
from hub_cli import lake, view_list, views, withdraw
from hub_cli.__main__ import hub
from hub_cli.lake import Data
from hub_cli.views import DdlOptions
from local_aws.process import LocalAws

HOSTILE = "'; DROP"


@pytest.fixture
def reports(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Reports:
    """A table with a series, which the commands take for that of the pipeline collections."""
    reports = Reports.deploy(aws)
    reports.add(report_row())
    aws.client("s3").create_bucket(Bucket="scripts")

    @contextmanager
    def data() -> Iterator[Data]:
        yield Data("of a test", is_running=True, aws=aws)

    monkeypatch.setattr(lake, "open_data", data)
    monkeypatch.setattr(lake, "open_data_to_change", data)
    monkeypatch.setattr(views.pipeline_file, "load", lambda _: reports.pipeline)
    monkeypatch.setattr(views, "deployment_of", lambda *_: reports.deployment)
    monkeypatch.setattr(view_list, "files_of", lambda _: {})
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
    views.publish(Console(file=text, width=300), "collections", prune=prune, as_json=as_json)
    return text.getvalue()


def ddl_of(capsys: pytest.CaptureFixture[str], view: str = "", **options: Any) -> str:
    capsys.readouterr()
    views.print_ddl("collections", DdlOptions(view, **options))
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
    assert set(states(document(capsys)).values()) == {"not published yet"}
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
    assert (found["collections_data_view"], found["fry9c_report_view"]) == ("published", "not published yet")


def test_statements_are_made_of_what_is_defined_for_the_account_that_runs_them(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is published here: in such an account the job cannot."""
    every = ddl_of(capsys, database="regulatory", definer="arn:aws:iam::210987654321:role/definer")
    assert every.count("PROTECTED MULTI DIALECT VIEW") == every.count("ADD DIALECT") == 3
    assert every.count("-- as arn:aws:iam::210987654321:role/definer\n") == 3
    assert (reports.deployment.database in every, reports.deployment.view_definer in every) == (False, False)
    one = ddl_of(capsys, "FRY9C_report_view", dialect="athena", database="regulatory")
    (statement,) = [line for line in one.splitlines() if line.startswith(("CREATE", "ALTER"))]
    assert statement == 'ALTER VIEW "regulatory"."fry9c_report_view" ADD DIALECT AS'
    assert 'FROM "regulatory"."collections_data_staging"' in one


def test_statements_of_a_view_that_is_not_defined_are_an_error_that_names_those_that_are(reports: Reports) -> None:
    assert reports.deployment.database
    with pytest.raises(DataHubError, match=r"defines no view x_view; its views: .*_view, fry9c_report_view$"):
        views.print_ddl("collections", DdlOptions("x_view"))


def test_a_wrong_view_file_stops_no_other_view(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong = (
        "-- a\nSELECT rssdid FROM collections_data_staging",
        "-- b\nSELECT rssdi FROM collections_data_staging",
    )
    monkeypatch.setattr(view_list, "files_of", lambda _: {"a_view.sql": right, "b_view.sql": right})
    publish()
    monkeypatch.setattr(view_list, "files_of", lambda _: {"a_view.sql": right, "b_view.sql": wrong})
    found = states(document(capsys))
    assert (found["a_view"], found["b_view"]) == ("published", "out of date")
    assert any(line.startswith("✘ b_view.sql: line 2: there is no column rssdi") for line in shown())
    assert view_list.is_behind(reports.pipeline, reports.deployment)
    with pytest.raises(DataHubError, match=r"b_view\.sql: line 2"):
        publish(prune=True)
    assert states(document(capsys))["b_view"] == "out of date"
    with pytest.raises(DataHubError, match=r"b_view\.sql: line 2"):
        ddl_of(capsys)
    assert "a_view" in capsys.readouterr().out


def test_a_series_without_a_view_is_told_beside_the_statements(
    reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    reports.add(report_row(seriesid=HOSTILE))
    capsys.readouterr()
    views.print_ddl("collections", DdlOptions())
    written = capsys.readouterr()
    assert ("gets no report view" in written.err, "gets no report view" in written.out) == (True, False)


def test_a_view_whose_text_somebody_left_stale_is_out_of_date(
    aws: LocalAws, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    stale = catalog_view.of(
        aws.client("glue").get_table(DatabaseName=reports.deployment.database, Name="fry9c_report_view")["Table"]
    )
    stale = replace(stale, texts={"SPARK": stale.texts["SPARK"]})
    monkeypatch.setattr(view_list.catalog_view, "read", lambda *_: [stale])
    assert view_list.read(reports.pipeline, reports.deployment).out_of_date == ["fry9c_report_view"]


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


@pytest.mark.parametrize(
    "words",
    [
        ["--update"],
        ["--database", "d"],
        ["--definer", "d"],
        ["--dialect", "spark"],
        ["--ddl", "--json"],
        ["--ddl", "--publish"],
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    answer = CliRunner().invoke(hub, ["views", *words])
    assert answer.exit_code == 2
    assert "--ddl" in answer.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ddl"], ("collections", DdlOptions())),
        (["--ddl", "x_view", "--dialect", "spark"], ("collections", DdlOptions("x_view", dialect="spark"))),
        (["--ddl", "--update", "--pipeline", "p"], ("p", DdlOptions(purpose="update"))),
        (
            ["--ddl", "--database", "d", "--definer", "arn:x"],
            ("collections", DdlOptions(database="d", definer="arn:x")),
        ),
    ],
)
def test_ddl_takes_a_view_or_none(
    words: list[str], expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(views, "print_ddl", lambda *arguments: asked.append(arguments))
    assert CliRunner().invoke(hub, ["views", *words]).exit_code == 0
    assert asked == [expected]


def test_the_job_is_told_of_the_view_files_that_were_published(
    aws: LocalAws, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(views, "upload_views", lambda _, file: told.append(file.name))
    publish()
    assert told == ["collections.yaml"]
