import duckdb
import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, DIALECTS, DIALECTS_BY_NAME, SPARK, Dialect

HOSTILE = ["'", "''", "\\", "\\'", "'; DROP TABLE t; --", '"', "`", "\n", "/* */", "${x}", "é😀", "x" * 10_000]
printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


def select(literal: str, column: str) -> exp.Select:
    return exp.select(exp.alias_(exp.Literal.string(literal), column, quoted=True))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
def test_hostile_text_stays_one_literal_and_one_name(dialect: Dialect, hostile: str) -> None:
    [statement] = sqlglot.parse(dialect.text(select(hostile, hostile)), dialect=dialect.sqlglot_name)
    assert isinstance(statement, exp.Select)
    [column] = statement.selects
    assert (column.alias, column.unalias().name) == (hostile, hostile)


@given(printable)
@example("\\")
def test_a_literal_in_athena_text_has_its_value(value: str) -> None:
    [text] = sqlglot.transpile(ATHENA.text(select(value, "c")), read="athena", write="duckdb")
    assert duckdb.sql(text).fetchall() == [(value,)]


def test_spark_escapes_backslashes_that_athena_takes_as_they_are() -> None:
    query = select("a\\n'b", "c")
    assert SPARK.text(query) == "SELECT 'a\\\\n\\'b' AS `c`"
    assert ATHENA.text(query) == "SELECT 'a\\n''b' AS \"c\""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_construct_that_a_dialect_lacks_is_refused(dialect: Dialect) -> None:
    query = exp.select("a").from_("t").lock()
    with pytest.raises(DataHubError, match=f"cannot be written for {dialect.name}.*FOR UPDATE.*share"):
        dialect.text(query)


def test_users_name_dialects_in_lower_case_and_sentences_with_a_capital() -> None:
    assert {name: dialect.title for name, dialect in DIALECTS_BY_NAME.items()} == {"spark": "Spark", "athena": "Athena"}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_statement_that_changes_something_is_cut_into_its_words_too(dialect: Dialect) -> None:
    assert [token.text.upper() for token in dialect.tokenize("DROP VIEW v;")] == ["DROP", "VIEW", "V", ";"]
