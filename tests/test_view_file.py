"""View files: description, name, one statement, bundles, and text that means harm."""

import json
from pathlib import Path

import duckdb
import pytest
import sqlglot
from view_queries import TABLES

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, DIALECTS, Dialect
from data_hub.view_files import view_file
from data_hub.view_files.view_file import ViewFile

TEXT = "-- Items by name.\n-- One row each.\nSELECT item FROM rows\n"


def refused(text: str, name: str = "trial_view.sql") -> str:
    with pytest.raises(DataHubError) as caught:
        ViewFile.parse(name, text).definition(TABLES)
    return str(caught.value)


def test_name_and_description_come_from_the_file() -> None:
    file = ViewFile.parse("items_view.sql", TEXT)
    assert (file.name, file.description, file.tables) == ("items_view", "Items by name. One row each.", ("rows",))
    definition = file.definition(TABLES)
    assert (definition.name, definition.description) == (file.name, file.description)


@pytest.mark.parametrize("text", ["\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), "\n\n" + TEXT, TEXT + ";\n-- end\n"])
def test_how_an_editor_saves_it_does_not_matter(text: str) -> None:
    assert ViewFile.parse("items_view.sql", text).description == "Items by name. One row each."


def test_lines_are_those_of_the_file() -> None:
    assert "line 4: " in refused("-- a\n-- b\nSELECT\n  LOWER(item) AS x\nFROM rows")


def test_tables_are_those_outside_its_own_queries() -> None:
    text = "-- x\nWITH q AS (SELECT * FROM Rows), p AS (SELECT * FROM q) SELECT p.* FROM p CROSS JOIN other AS rows"
    assert ViewFile.parse("a_view.sql", text).tables == ("rows", "other")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT item FROM rows", "has no description; begin the file with comment lines"),
        ("/* a */ SELECT item FROM rows", "has no description"),
        ("--\nSELECT item FROM rows", "has no description"),
        (f"-- {'x' * 2_049}\nSELECT item FROM rows", "2,049 characters, at most 2,048"),
        (f"-- {'😀' * 1_025}\nSELECT item FROM rows", "2,050 characters, at most 2,048"),
        ("-- a\x07b\nSELECT item FROM rows", r"control character '\x07'"),
        ("-- only a comment", "0 statements; write one SELECT"),
        ("", "0 statements"),
        ("-- x\nSELECT item FROM rows; SELECT name FROM other", "2 statements"),
        ("-- x\nSELECT item FROM rows; DROP TABLE rows", "2 statements"),
        ("-- x\nDROP TABLE rows", "no SELECT"),
        ("-- x\nCREATE TABLE x AS SELECT item FROM rows", "no SELECT"),
        ("-- x\nINSERT INTO rows SELECT * FROM rows", "no SELECT"),
        ("-- x\nMERGE INTO rows USING other ON TRUE WHEN MATCHED THEN DELETE", "no SELECT"),
        ("-- x\nSHOW TABLES", "no SELECT"),
        ("-- x\nVALUES (1)", "no SELECT"),
        ("-- x\n(SELECT item FROM rows)", "without parentheses"),
        ("-- x\nSELECT item FRM rows x", "line 2: this is no SQL"),
        ("-- x\nSELECT 'item FROM rows", "a quote may be open"),
        ("-- x\nSELECT item /* FROM rows", "this is no SQL"),
        ("-- x\nSELECT `item` FROM rows", "this is no SQL"),
        ("-- x\nSELECT item FROM rows WHERE " + "(" * 10_000 + "ok" + ")" * 10_000, "nested too deeply"),
        ("-- x\nSELECT item FROM rows WHERE " + "NOT " * 10_000 + "ok", "nested too deeply"),
        ("-- x\nSELECT item FROM rows WHERE " + " OR ".join(["ok"] * 10_000), "nested too deeply"),
        ("-- x\nSELECT " + "x" * 10_000 + " FROM rows", "letters, digits and _"),
        ("-- x\nSELECT 'x' AS " + "a" * 256 + " FROM rows", "letters, digits and _"),
        ('-- x\nSELECT item AS "a""; DROP TABLE rows; --" FROM rows', "letters, digits and _"),
        ('-- x\nSELECT item AS "a`b" FROM rows', "letters, digits and _"),
        ("-- x\nSELECT item AS Ä FROM rows", "letters, digits and _"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_view_is_refused(text: str, reason: str) -> None:
    assert reason in refused(text)


@pytest.mark.parametrize(
    "name",
    ["items.sql", "Items_view.sql", "_view.sql", "1_view.sql", "a-b_view.sql", "a.b_view.sql", "é_view.sql", "x" * 260],
)
def test_a_name_that_is_none_of_a_view_is_refused(name: str) -> None:
    assert "ending with _view" in refused(TEXT, name)


@pytest.mark.parametrize("name", ["fry9c_report_view", "fry9c_report_2_view", "report_view"])
def test_names_of_series_are_left_to_them(name: str) -> None:
    assert "the view of a series may get" in refused(TEXT, f"{name}.sql")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "hostile", ["'", "''", "'; DROP TABLE t; --", '"', "`", "/* */", "-- x", "{x}", "$", "é😀", "x" * 10_000], ids=repr
)
def test_hostile_text_stays_one_literal(dialect: Dialect, hostile: str) -> None:
    quoted = hostile.replace("'", "''")
    view = ViewFile.parse("trial_view.sql", f"-- x\nSELECT '{quoted}' AS a FROM rows").definition(TABLES)
    [statement] = sqlglot.parse(dialect.text(view.query), dialect=dialect.sqlglot_name)
    assert statement is not None
    [column] = statement.selects
    assert column.this.this.name == hostile


def test_hostile_text_is_the_value_in_a_row() -> None:
    text = "-- x; DROP TABLE rows\nSELECT '''; DROP TABLE rows; --' /* '; */ AS a FROM rows -- '"
    view = ViewFile.parse("trial_view.sql", text).definition(TABLES)
    assert view.description == "x; DROP TABLE rows"
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA hub; CREATE TABLE hub.rows AS SELECT 1 AS n")
        [statement] = sqlglot.transpile(ATHENA.text(view.query), read="athena", write="duckdb")
        assert connection.sql(statement).fetchall() == [("'; DROP TABLE rows; --",)]


def test_at_most_ten_tables() -> None:
    joined = " ".join(f"CROSS JOIN t{number}" for number in range(10))
    assert "reads 11 tables, at most 10" in refused(f"-- x\nSELECT t0.a FROM t {joined}")


def test_all_problems_are_told_at_once() -> None:
    told = refused("SELECT LOWER(item) AS x, line / 2 AS y FROM rows", "items.sql").splitlines()
    assert len(told) == 4
    assert all(line.startswith("items.sql: ") for line in told)


def test_a_folder_becomes_a_bundle_and_view_files_again(tmp_path: Path) -> None:
    (tmp_path / "b_view.sql").write_text(TEXT, encoding="utf-8")
    (tmp_path / "a_view.sql").write_text(TEXT.replace("Items", "Éléments"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no view")
    loaded = view_file.load(tmp_path)
    assert [file.name for file in loaded] == ["a_view", "b_view"]
    assert view_file.parse_bundle(view_file.bundle(tmp_path), "s3://scripts/views/x.json") == loaded


def test_a_folder_that_is_missing_has_no_view_files(tmp_path: Path) -> None:
    assert view_file.load(tmp_path / "none") == []
    assert view_file.bundle(tmp_path / "none") == "{}"
    assert view_file.parse_bundle("{}", "x") == []


@pytest.mark.parametrize("text", ["", "[]", '{"a_view.sql": 1}', "nonsense"])
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(DataHubError, match=r"s3://x is no JSON object.*deploy the pipeline again"):
        view_file.parse_bundle(text, "s3://x")


def test_every_wrong_file_of_a_bundle_is_told() -> None:
    with pytest.raises(DataHubError, match=r"(?s)a\.sql: .*b_view\.sql: it has no description"):
        view_file.parse_bundle(json.dumps({"a.sql": TEXT, "b_view.sql": "SELECT item FROM rows"}), "x")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a_view.sql").write_bytes(b"-- \xff\nSELECT item FROM rows")
    with pytest.raises(DataHubError, match=r"a_view\.sql: is not UTF-8 \(byte 3\)"):
        view_file.load(tmp_path)
