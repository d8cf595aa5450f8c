"""The SQL statements that make a view as it is defined."""

from dataclasses import replace

import pytest
import sqlglot
from report_rows import BASE
from sqlglot import exp
from sqlglot.tokens import TokenType

from data_hub.sql_views.ddl import Purpose, Script
from data_hub.sql_views.dialects import ATHENA, DIALECTS, SPARK, Dialect
from data_hub.sql_views.row_views import current_view
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.view_files.view_file import ViewFile

DEFINER = "arn:aws:iam::210987654321:role/view-definer"
VIEW = ViewDefinition(
    name="fry9c_report_view",
    description="Series FRY9C: a row per submission.",
    query=sqlglot.parse_one('SELECT "a" AS "b" FROM "hub"."t" WHERE "a" = \'x;\'\'--y\'', dialect="athena"),  # type: ignore[arg-type]
    tables=(),
)


def script(purpose: Purpose = "create", *dialects: Dialect, definer: str = DEFINER) -> Script:
    return Script("lake-1", purpose, dialects or DIALECTS, definer)


def test_a_new_view_is_made_in_spark_and_gets_its_second_dialect_in_athena() -> None:
    assert script().text([VIEW]).splitlines() == [
        "-- fry9c_report_view: first in Spark, then in Athena. In this order: whoever runs CREATE becomes the "
        "view's definer",
        "-- as arn:aws:iam::210987654321:role/view-definer",
        "-- in Spark:",
        "CREATE OR REPLACE PROTECTED MULTI DIALECT VIEW `lake-1`.`fry9c_report_view`",
        "COMMENT 'Series FRY9C: a row per submission.'",
        "SECURITY DEFINER AS",
        "SELECT `a` AS `b` FROM `lake-1`.`t` WHERE `a` = 'x;\\'--y';",
        "-- in Athena:",
        'ALTER VIEW "lake-1"."fry9c_report_view" ADD DIALECT AS',
        'SELECT "a" AS "b" FROM "lake-1"."t" WHERE "a" = \'x;\'\'--y\';',
        "",
    ]


def test_a_view_that_is_there_is_updated_in_both_engines_by_force() -> None:
    """Without FORCE the first of them would be refused where columns change: the other dialect has the old ones."""
    assert (
        script("update")
        .statement(VIEW, SPARK)
        .startswith("ALTER VIEW `lake-1`.`fry9c_report_view` FORCE UPDATE DIALECT AS\nSELECT `a`")
    )
    assert (
        script("update")
        .statement(VIEW, ATHENA)
        .startswith('ALTER VIEW "lake-1"."fry9c_report_view" FORCE UPDATE DIALECT AS\nSELECT "a"')
    )
    assert "until the second has run" in script("update").text([VIEW])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_table_is_read_in_the_account_s_database_and_with_keeps_its_names(dialect: Dialect) -> None:
    text = """-- Joined.
        WITH big AS (SELECT rssdid FROM collections_data_staging)
        SELECT big.rssdid, t.aod FROM big JOIN collections_data_staging AS t ON t.rssdid = big.rssdid"""
    of_file = ViewFile.parse("joined_view.sql", text).definition({BASE.name: BASE})
    for view in (of_file, current_view(BASE)):
        before = dialect.text(view.query)
        query = script().statement(view, dialect).partition(" AS\n")[2].removesuffix(";")
        tables = list(sqlglot.parse_one(query, dialect=dialect.sqlglot_name).find_all(exp.Table))
        assert {(table.db, table.name) for table in tables} - {("", "big")} == {("lake-1", BASE.name)}
        assert '"hub"' not in query.replace("`", '"')
        assert dialect.text(view.query) == before


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("purpose", ["create", "update"])
def test_each_statement_is_one_and_holds_the_defined_query(dialect: Dialect, purpose: Purpose) -> None:
    text = replace(script(purpose), database="hub").statement(VIEW, dialect)
    tokens = sqlglot.tokenize(text, read=dialect.sqlglot_name)
    assert [token.token_type for token in tokens].count(TokenType.SEMICOLON) == 1
    assert text.endswith(";")
    (parsed,) = sqlglot.parse(text, dialect=dialect.sqlglot_name)
    assert isinstance(parsed, exp.Command)
    assert text.partition(" AS\n")[2] == f"{VIEW.texts[dialect]};"


@pytest.mark.parametrize("text", ["it's", "a\\", "a\nDROP VIEW x;\n--", "x'; DROP VIEW x; --"])
def test_no_description_breaks_out_of_its_comment(text: str) -> None:
    made = script().statement(replace(VIEW, description=text), SPARK)
    tokens = sqlglot.tokenize(made, read="spark")
    assert [token.text for token in tokens if token.token_type is TokenType.STRING] == [text, "x;'--y"]
    assert [token.token_type for token in tokens].count(TokenType.SEMICOLON) == 1


@pytest.mark.parametrize("database", ['a"b', "a`b", "a; DROP VIEW x"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_name_of_a_database_breaks_out_of_its_quotes(dialect: Dialect, database: str) -> None:
    text = replace(script(), database=database).statement(VIEW, dialect)
    names = [token.text for token in dialect.tokenize(text) if token.token_type is TokenType.IDENTIFIER]
    assert names.count(database) == 2
    assert [token.token_type for token in dialect.tokenize(text)].count(TokenType.SEMICOLON) == 1


def test_the_definer_stays_in_its_comment_and_without_one_it_is_told_whose_rights_count() -> None:
    assert "-- as a DROP VIEW x;\n" in script(definer="a\u2028\nDROP VIEW x;").text([VIEW])
    assert "-- as the role with whose rights the view is to be read\n" in script(definer="").text([VIEW])


def test_statements_of_one_engine_can_be_piped_into_it() -> None:
    only_athena = script("create", ATHENA).text([VIEW, replace(VIEW, name="fry15_report_view")])
    statements = [line for line in only_athena.splitlines() if line.startswith(("CREATE", "ALTER"))]
    assert statements == [
        'ALTER VIEW "lake-1"."fry9c_report_view" ADD DIALECT AS',
        'ALTER VIEW "lake-1"."fry15_report_view" ADD DIALECT AS',
    ]
    assert [type(tree) for tree in sqlglot.parse(only_athena, dialect="athena") if tree] == [exp.Command, exp.Command]
