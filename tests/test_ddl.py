"""The SQL statements that make a published view."""

from dataclasses import replace

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from data_hub.errors import DataHubError
from data_hub.sql_views import ddl
from data_hub.sql_views.catalog_view import CatalogView
from data_hub.sql_views.ddl import Purpose
from data_hub.sql_views.dialects import ATHENA, DIALECTS, SPARK, Dialect

QUERY = sqlglot.parse_one('SELECT "a" AS "b" FROM "lake-1"."t" WHERE "a" = \'x;\'\'--y\'', dialect="athena")
VIEW = CatalogView(
    database="lake-1",
    name="fry9c_report_view",
    description="Series FRY9C: a row per submission.",
    definer="arn:aws:iam::123456789012:role/data-hub-view-definer",
    columns={"b": "string"},
    texts={dialect.name: dialect.text(QUERY) for dialect in DIALECTS},  # type: ignore[arg-type]
    pipeline="collections",
    note="",
    check="",
)


def test_a_new_view_is_made_in_spark_and_gets_its_second_dialect_in_athena() -> None:
    assert ddl.script([VIEW], "create").splitlines() == [
        "-- fry9c_report_view: first in Spark, then in Athena. In this order: whoever runs CREATE becomes the "
        "view's definer",
        "-- as arn:aws:iam::123456789012:role/data-hub-view-definer",
        "-- in Spark:",
        "CREATE OR REPLACE PROTECTED MULTI DIALECT VIEW `lake-1`.`fry9c_report_view`",
        "COMMENT 'Series FRY9C: a row per submission.'",
        "SECURITY DEFINER AS",
        "SELECT `a` AS `b` FROM `lake-1`.`t` WHERE `a` = 'x;\\'--y';",
        "-- in Athena:",
        'ALTER VIEW "lake-1"."fry9c_report_view" ADD DIALECT AS',
        'SELECT "a" AS "b" FROM "lake-1"."t" WHERE "a" = \'x;\'\'--y\';',
    ]


def test_a_view_that_is_there_is_updated_in_both_engines_by_force() -> None:
    """Without FORCE the first of them would be refused where columns change: the other dialect has the old ones."""
    assert ddl.statement(VIEW, "update", SPARK).startswith(
        "ALTER VIEW `lake-1`.`fry9c_report_view` FORCE UPDATE DIALECT AS\nSELECT `a`"
    )
    assert ddl.statement(VIEW, "update", ATHENA).startswith(
        'ALTER VIEW "lake-1"."fry9c_report_view" FORCE UPDATE DIALECT AS\nSELECT "a"'
    )
    assert "until the second has run" in ddl.script([VIEW], "update")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("purpose", ["create", "update"])
def test_each_statement_is_one_and_holds_the_published_query(dialect: Dialect, purpose: Purpose) -> None:
    text = ddl.statement(VIEW, purpose, dialect)
    tokens = sqlglot.tokenize(text, read=dialect.sqlglot_name)
    assert [token.token_type for token in tokens].count(TokenType.SEMICOLON) == 1
    assert text.endswith(";")
    (parsed,) = sqlglot.parse(text, dialect=dialect.sqlglot_name)
    assert isinstance(parsed, exp.Command)
    query = text.partition(" AS\n")[2].removesuffix(";")
    assert dialect.text(sqlglot.parse_one(query, dialect=dialect.sqlglot_name)) == VIEW.texts[dialect.name]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["it's", "a\\", "a\nDROP VIEW x;\n--", "x'; DROP VIEW x; --"])
def test_no_description_breaks_out_of_its_comment(text: str) -> None:
    made = ddl.statement(replace(VIEW, description=text), "create", SPARK)
    tokens = sqlglot.tokenize(made, read="spark")
    assert [token.text for token in tokens if token.token_type is TokenType.STRING] == [text, "x;'--y"]
    assert [token.token_type for token in tokens].count(TokenType.SEMICOLON) == 1


def test_statements_of_one_engine_can_be_piped_into_it() -> None:
    both = [VIEW, replace(VIEW, name="fry15_report_view")]
    only_athena = ddl.script(both, "create", [ATHENA])
    statements = [line for line in only_athena.splitlines() if line.startswith(("CREATE", "ALTER"))]
    assert statements == [
        'ALTER VIEW "lake-1"."fry9c_report_view" ADD DIALECT AS',
        'ALTER VIEW "lake-1"."fry15_report_view" ADD DIALECT AS',
    ]
    assert [type(tree) for tree in sqlglot.parse(only_athena, dialect="athena") if tree] == [exp.Command, exp.Command]


def test_a_view_without_a_text_for_an_engine_is_named() -> None:
    with pytest.raises(DataHubError, match="View fry9c_report_view has no valid text for Athena; run"):
        ddl.script([replace(VIEW, texts={"SPARK": "SELECT 1"})], "create")
