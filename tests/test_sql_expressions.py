"""Values in the queries of view files: whatever stands in the place of one is typed or refused."""

import pytest
import sqlglot
from sqlglot import exp

from data_hub.view_files.sql_expressions import Expressions, Findings
from data_hub.view_files.sql_subset import ALLOWED
from data_hub.view_files.value_types import SqlType

# What the subset has for other places than that of a value.
NO_VALUES: set[type[exp.Expr]] = {
    *(exp.Select, exp.Union, exp.With, exp.CTE, exp.TableAlias, exp.Subquery, exp.From, exp.Join, exp.Table),
    *(exp.Where, exp.Group, exp.Having, exp.Distinct, exp.Order, exp.Ordered),
    *(exp.Identifier, exp.Star, exp.Alias, exp.DataType, exp.DataTypeParam),
}
DAY = "DATE '2025-12-31'"
RANKS = ("RANK", "DENSE_RANK", "ROW_NUMBER")
# A type, and values of it.
VALUES = [
    ("boolean", "TRUE", "NOT TRUE", "TRUE AND TRUE", "TRUE OR TRUE", "1 IS NULL", "1 IN (1, 2)", "1 BETWEEN 1 AND 2"),
    ("boolean", "1 = 1", "1 <> 1", "1 < 1", "1 <= 1", "1 > 1", "1 >= 1", "'a' LIKE 'a'"),
    ("varchar", "'a'", "item", "('a')", "'a' || 'b'", "SUBSTR('a', 1)", "NULLIF('a', 'b')", "COALESCE('a', 'b')"),
    ("varchar", "CASE WHEN TRUE THEN 'a' END", "CAST('a' AS varchar)", "MIN('a')", "MAX('a')"),
    ("bigint", "LENGTH('a')", f"YEAR({DAY})", f"QUARTER({DAY})", f"MONTH({DAY})", f"DAY({DAY})", "COUNT(1)"),
    ("bigint", "TRY_CAST('1' AS bigint)", *(f"{rank}() OVER (ORDER BY item)" for rank in RANKS)),
    ("decimal(1, 1)", "0.5", "-0.5"),
    ("decimal(2, 1)", "0.5 + 0.5", "0.5 - 0.5"),
    ("decimal(3, 2)", "0.5 * 0.5"),
    ("decimal(11, 1)", "SUM(0.5)"),
    ("null", "NULL"),
]


def of(node: exp.Expr) -> tuple[str, list[str]]:
    findings = Findings()
    return str(Expressions({"rows": {"item": SqlType("text")}}, findings).of(node)), findings.problems


def parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, dialect="athena")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, *texts in VALUES for text in texts])
def test_a_value_has_a_type(kind: str, text: str) -> None:
    assert of(parsed(text)) == (kind, [])


@pytest.mark.parametrize("kind", sorted(NO_VALUES, key=str))
def test_what_is_no_value_is_refused_in_the_place_of_one(kind: type[exp.Expr]) -> None:
    node = kind(this=exp.true(), expression=exp.true(), expressions=[exp.true()])
    for place in (node, exp.Paren(this=node), exp.Not(this=node)):
        [problem] = of(place)[1]
        assert problem.startswith("line 1: ")


def test_everything_that_is_allowed_is_one_or_the_other() -> None:
    values = {type(node) for _, *texts in VALUES for text in texts for node in parsed(text).walk()}
    assert ALLOWED.keys() == NO_VALUES | (values & ALLOWED.keys())
