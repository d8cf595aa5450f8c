"""View files: description, name, one statement, and text that means harm."""

from dataclasses import replace

import pyarrow as pa
import pytest
import sqlglot
from duckdb_athena import DuckdbAthena
from view_queries import TABLES

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, DIALECTS, Dialect
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
        (f"-- {'x' * 2_049}\nSELECT item FROM rows", "2,049 bytes of description, at most 2,048"),
        (f"-- {'é' * 1_025}\nSELECT item FROM rows", "2,050 bytes of description, at most 2,048"),
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
    with DuckdbAthena.of("hub", {"rows": pa.table({"n": [1]})}) as athena:
        assert athena.query(view.texts[ATHENA]).fetchall() == [("'; DROP TABLE rows; --",)]


def test_at_most_ten_tables() -> None:
    file = ViewFile.parse(
        "a_view.sql", "-- x\nSELECT t0.item FROM t0 " + " ".join(f"CROSS JOIN t{n}" for n in range(1, 11))
    )
    tables = {name: replace(TABLES["rows"], name=name) for name in file.tables}
    with pytest.raises(DataHubError, match=r"a_view\.sql: 11 tables, at most 10"):
        file.definition(tables)


def test_all_problems_are_told_at_once() -> None:
    told = refused("SELECT LOWER(item) AS x, line / 2 AS y FROM rows", "items.sql").splitlines()
    assert len(told) == 4
    assert all(line.startswith("items.sql: ") for line in told)


def test_only_the_tables_that_it_names_are_needed() -> None:
    file = ViewFile.parse("items_view.sql", TEXT)
    assert file.definition({"rows": TABLES["rows"]}) == file.definition(TABLES)


@pytest.mark.parametrize(
    ("table", "known", "fix"),
    [
        ("row", (), "did you mean rows?"),
        ("othr", ("other", "rows"), "did you mean other?"),
        ("nothing", ("other", "rows"), "there are: other, rows"),
        ("nothing", (), "name an Iceberg table of the pipeline's database; one that a pipeline is yet to make, run"),
        ("rows_view", ("rows",), "a view reads tables, never a view"),
    ],
)
def test_a_table_that_there_is_not_is_told_with_its_line(table: str, known: tuple[str, ...], fix: str) -> None:
    file = ViewFile.parse("items_view.sql", f"-- x\nSELECT rows.item\nFROM rows\nCROSS JOIN {table} AS t")
    with pytest.raises(DataHubError) as caught:
        file.definition({"rows": TABLES["rows"]}, known)
    assert str(caught.value).startswith(f"items_view.sql: line 4: there is no table {table}: {fix}")
