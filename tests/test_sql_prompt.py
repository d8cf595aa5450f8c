"""The prompt of ``./hub sql``, typed into through a pipe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from data_hub.sql_views.dialects import ATHENA, SPARK
from hub_cli.sql_prompt import SqlCompleter, SqlPrompt
from hub_cli.sql_statements import is_complete, split


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


@pytest.fixture
def prompt(keys: PipeInput, tmp_path: Path) -> SqlPrompt:
    return SqlPrompt(ATHENA, tmp_path / "hub" / "history")


def completions(text: str) -> list[str]:
    completer = SqlCompleter()
    completer.columns = {"fry9c_report_view": ["aod", "rssdid", "bhck2170"], "rejects": ["reason", "source_file"]}
    return [each.text for each in completer.get_completions(Document(text), CompleteEvent())]


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("sel", ["SELECT"]),
        ("SELECT * FROM ", ["fry9c_report_view", "rejects"]),
        ("SELECT * FROM FR", ["fry9c_report_view"]),
        ('select * from "re', ["rejects"]),
        ("SELECT * FROM `re", ["rejects"]),
        ("DESCRIBE re", ["rejects"]),
        ("SELECT r.\n  rea", ["reason"]),
        ("SELECT * FROM rejects WHERE r", ["reason", "rejects", "RIGHT", "ROW_NUMBER"]),
        ("SELECT v.b FROM x JOIN fry9c_report_view v ON v.bh", ["bhck2170"]),
        ("SELECT bh", ["bhck2170"]),
        ("SELECT 'sel", []),
        ("SELECT ", []),
        ("", []),
    ],
)
def test_names_and_words_are_completed(text: str, proposed: list[str]) -> None:
    assert completions(text) == proposed


def test_columns_of_what_is_named_after_the_cursor_are_completed() -> None:
    completer = SqlCompleter()
    completer.columns = {"a": ["one"], "b": ["only"]}
    document = Document("SELECT o FROM b", cursor_position=8)
    found = [each.text for each in completer.get_completions(document, CompleteEvent())]
    assert found[0] == "only"
    assert "one" not in found


def test_a_statement_goes_on_until_its_semicolon(prompt: SqlPrompt, keys: PipeInput) -> None:
    keys.send_text("SELECT ';'\r, 1 -- ;\r;\r")
    assert prompt.ask() == "SELECT ';'\n, 1 -- ;\n;"


@pytest.mark.parametrize("typed", ["\\q\r", "\\q;\r", "\x04", "quit\r", "exit;\r", "SELECT 1\r\\q\r"])
def test_the_prompt_ends(prompt: SqlPrompt, keys: PipeInput, typed: str) -> None:
    keys.send_text(typed)
    assert prompt.ask() is None


def test_control_c_begins_anew(prompt: SqlPrompt, keys: PipeInput) -> None:
    keys.send_text("SELECT 1\x03SELECT 2;\r")
    assert (prompt.ask(), prompt.ask()) == ("", "SELECT 2;")


def test_what_was_typed_is_there_in_the_next_session(prompt: SqlPrompt, keys: PipeInput, tmp_path: Path) -> None:
    keys.send_text("SELECT 1\r;\r")
    prompt.ask()
    keys.send_text("\x1b[A\r")
    assert SqlPrompt(ATHENA, tmp_path / "hub" / "history").ask() == "SELECT 1\n;"


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\nSELECT ';' ; -- ; end\n", ["SELECT 1", "SELECT ';'"]),
        ("-- first\nSELECT 1; /* ; */ SELECT 'it''s;'", ["-- first\nSELECT 1", "/* ; */ SELECT 'it''s;'"]),
        (";;", []),
        (" \n-- nothing", []),
        ("SELECT 'open; SELECT 2", ["SELECT 'open; SELECT 2"]),
        ('SELECT ";" FROM "t;"; SHOW TABLES', ['SELECT ";" FROM "t;"', "SHOW TABLES"]),
        ("DROP TABLE x; SELECT '\U0001f600;'; SELECT 2", ["DROP TABLE x", "SELECT '\U0001f600;'", "SELECT 2"]),
    ],
)
def test_text_is_cut_at_semicolons(text: str, statements: list[str]) -> None:
    assert split(text, ATHENA) == statements


def test_quotes_are_those_of_the_dialect() -> None:
    assert split("SELECT `;` FROM t; SELECT 2", SPARK) == ["SELECT `;` FROM t", "SELECT 2"]
    assert is_complete("SELECT 'it\\'s;';", SPARK)
    assert not is_complete("SELECT '1;", ATHENA)
    assert not is_complete("SELECT 1; SELECT", ATHENA)
