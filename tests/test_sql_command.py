"""``./hub sql`` on reports, in this process."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from report_rows import Reports, report_row
from rich.console import Console

from data_hub.errors import DataHubError
from data_hub.sql_views.views import create_views
from hub_cli import lake, sql
from hub_cli.__main__ import hub

if TYPE_CHECKING:
    from local_aws.process import LocalAws


@pytest.fixture(scope="module")
def reports(aws: "LocalAws") -> Reports:
    reports = Reports.deploy(aws)
    reports.add(report_row(), report_row(rssdid=7, item_value=""), report_row(rssdid=8, item_value=None))
    create_views(reports.pipeline, reports.deployment)
    return reports


@pytest.fixture(autouse=True)
def data(aws: "LocalAws", reports: Reports, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the command look at the reports."""

    @contextmanager
    def open_data() -> Iterator[lake.Data]:
        yield lake.Data("of the test", is_running=True, aws=aws)

    monkeypatch.setattr(lake, "open_data", open_data)
    monkeypatch.setattr(sql, "DATABASE", reports.deployment.database)
    monkeypatch.setattr(sql, "LOCAL_AWS", tmp_path)
    monkeypatch.setattr(sql, "SQL_HISTORY", tmp_path / "history")


def hub_sql(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(hub, ["sql", *arguments], input=typed)


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


REPORT = "SELECT rssdid, bhck2170 FROM fry9c_report_view ORDER BY rssdid"


def test_a_table_is_for_people() -> None:
    answer = hub_sql("SELECT rssdid, aod FROM fry9c_report_view WHERE rssdid = 7")
    assert lines(answer.stdout) == [["rssdid", "aod"], ["7", "2025-12-31"], ["1", "row", "of", "the", "test"]]


def test_csv_and_json_are_alone_on_standard_output() -> None:
    answer = hub_sql("--format", "csv", REPORT)
    assert answer.stdout_bytes == b'rssdid,bhck2170\r\n7,""\r\n8,\r\n1234567,702118\r\n'
    assert answer.stderr == "3 rows of the test\n"
    answer = hub_sql("--format", "json", REPORT)
    assert json.loads(answer.stdout) == [
        {"rssdid": 7, "bhck2170": ""},
        {"rssdid": 8, "bhck2170": None},
        {"rssdid": 1234567, "bhck2170": "702118"},
    ]


def test_all_rows_are_written() -> None:
    sequence = "SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n)"
    assert len(json.loads(hub_sql("--format", "json", sequence).stdout)) == 2500
    assert "2,500 rows of the test, the first 100 shown" in hub_sql(sequence).stdout


def test_a_file_is_written_in_the_format_of_its_name(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.csv", "a.JSON"):
        answer = hub_sql("--output", str(tmp_path / name), REPORT)
        assert answer.stdout == ""
        assert answer.stderr == f"3 rows of the test → {tmp_path / name}\n"
    assert pq.read_table(tmp_path / "a.parquet").column("rssdid").to_pylist() == [7, 8, 1234567]
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4
    assert len(json.loads((tmp_path / "a.JSON").read_text())) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "parquet", "SELECT 1"), "Parquet goes to a file: give --output FILE"),
        (("--output", "rows.txt", "SELECT 1"), "rows.txt: give --format csv, json or parquet"),
        (("--format", "csv", "SELECT 1; SELECT 2"), "2 statements were given; --format csv takes one answer"),
        (("--format", "json", "SELECT 1 AS a, 2 AS a"), "name them apart with AS"),
        (("DROP TABLE x",), "DROP is refused"),
        (("--dialect", "spark", "SELECT * FROM `nowhere`"), "has no table or view nowhere"),
        (("  ",), "No SQL was given"),
    ],
)
def test_what_cannot_be_answered_is_an_error(arguments: tuple[str, ...], message: str) -> None:
    error = hub_sql(*arguments).exception
    assert isinstance(error, DataHubError)
    assert message in str(error)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT `bhck2170` FROM `fry9c_report_view` WHERE rssdid = 1234567",
        'SELECT bhck2170 FROM fry9c_report_view WHERE date_format(submission_ts, "yyyy") = "2026" AND rssdid > 10',
        "SELECT max(item_value) AS bhck2170 FROM `collections_data_view`",
    ],
)
def test_spark_s_sql(statement: str) -> None:
    assert lines(hub_sql("--dialect", "spark", statement).stdout)[:2] == [["bhck2170"], ["702118"]]


def test_both_dialects_give_the_same_rows() -> None:
    for view in ("fry9c_report_view", "collections_data_view"):
        statement = f"SELECT * FROM {view} ORDER BY rssdid"  # noqa: S608
        answers = [hub_sql("--dialect", each, "--format", "json", statement).stdout for each in ("athena", "spark")]
        assert len(json.loads(answers[0])) == 3
        assert answers[0] == answers[1]


@pytest.mark.parametrize("dialect", ["athena", "spark"])
def test_show_and_describe_are_alike(dialect: str) -> None:
    quote = {"athena": '"', "spark": "`"}[dialect]
    assert ["fry9c_report_view"] in lines(hub_sql("--dialect", dialect, "SHOW TABLES").stdout)
    described = hub_sql("--dialect", dialect, f"DESCRIBE {quote}fry9c_report_view{quote}").stdout
    assert ["rssdid", "bigint"] in lines(described)


def test_statements_come_from_standard_input() -> None:
    answer = hub_sql(typed="SELECT 1 AS a;\n-- then\nSELECT ';' AS b")
    assert [line[0] for line in lines(answer.stdout)] == ["a", "1", "1", "b", ";", "1"]
    assert hub_sql("--format", "csv", typed="SELECT 1 AS a;\n").stdout_bytes == b"a\r\n1\r\n"


def test_the_first_wrong_statement_of_standard_input_ends_it() -> None:
    answer = hub_sql(typed="SELECT 1 AS a; SELECT nonsense; SELECT 2 AS c")
    assert isinstance(answer.exception, DataHubError)
    assert ["a"] in lines(answer.stdout)
    assert ["c"] not in lines(answer.stdout)


def at_the_prompt(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(typed)
        sql.sql(Console(color_system=None, width=200), None, sql.SqlOptions())


def test_errors_do_not_end_the_prompt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    at_the_prompt(monkeypatch, "SELECT nonsense;\rDROP TABLE x;\rSELECT 41 + 1\rAS n; SELECT 43 AS n;\r\\q\r")
    output, errors = capsys.readouterr()
    assert "nonsense" in errors
    assert "DROP is refused" in errors
    assert [line[0] for line in lines(output)[1:]] == ["n", "42", "1", "n", "43", "1"]


def test_the_prompt_sees_new_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reports: Reports
) -> None:
    shown = sql.sql_table.show

    def show_and_add(console: object, answer: object) -> int:
        reports.add(report_row(seriesid="NEW", rssdid=99))
        return shown(console, answer)  # type: ignore[arg-type]

    monkeypatch.setattr(sql.sql_table, "show", show_and_add)
    statement = "SELECT count(*) AS n FROM collections_data_staging WHERE rssdid = 99;\r"
    at_the_prompt(monkeypatch, statement + statement + "\x04")
    assert [line[0] for line in lines(capsys.readouterr().out)[1:]] == ["n", "0", "1", "n", "1", "1"]


def test_the_prompt_opens_the_data_of_a_later_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reports: Reports
) -> None:
    """The archive changes whenever it is looked at."""
    versions, opened, open_data = count(), [], lake.open_data

    @contextmanager
    def counting() -> Iterator[lake.Data]:
        with open_data() as found:
            opened.append("open")
            yield found
        opened.append("closed")

    monkeypatch.setattr(lake, "open_data", counting)
    monkeypatch.setattr(sql.archive, "version", lambda _: next(versions))
    at_the_prompt(monkeypatch, "SELECT 1 AS n;\r\\q\r")
    assert opened[:5] == ["open", "closed", "open", "closed", "open"]
    assert opened[-1] == "closed"


@pytest.mark.parametrize(("dialect", "halves"), [("athena", ["0", "-3"]), ("spark", ["0.5", "-3.5"])])
def test_whole_numbers_are_divided_as_the_engine_does(dialect: str, halves: list[str]) -> None:
    answer = hub_sql("--dialect", dialect, "--format", "csv", "SELECT 1 / 2 AS a, -7 / 2 AS b")
    assert answer.stdout.splitlines()[1].split(",") == halves


def test_athena_refuses_to_divide_by_zero() -> None:
    answer = hub_sql("SELECT rssdid / 0 AS a FROM fry9c_report_view")
    assert "Division by zero" in str(answer.exception)
