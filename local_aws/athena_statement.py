"""One statement of Athena's or Spark's SQL, as far as reading goes."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

# Athena's name of the Glue Data Catalog in a three-part name.
CATALOG = "awsdatacatalog"

_QUERY_WORDS = ("SELECT", "WITH", "TABLE", "(")
_SHOW = re.compile(r"SHOW\s+(TABLES|VIEWS)", re.IGNORECASE)
_DESCRIBE = re.compile(r"""DESC(?:RIBE)?\s+(?:TABLE\s+)?([\w."`]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class ShowStatement:
    """SHOW TABLES (views too, as Athena does) or SHOW VIEWS."""

    only_views: bool


@dataclass(frozen=True)
class DescribeStatement:
    """DESCRIBE of one table or view."""

    relation: str


@dataclass(frozen=True)
class QueryStatement:
    """A query, with the relations that it reads.

    Attributes:
        query: the parsed query; names of relations are lower case and without catalogue.
        relations: tables and views of the database, lower case.
    """

    query: exp.Query
    relations: frozenset[str]


Statement = ShowStatement | DescribeStatement | QueryStatement


def parse_statement(sql: str, database: str, dialect: Dialect = ATHENA) -> Statement:
    """Parse one statement that reads.

    Args:
        sql: the text; a semicolon may end it.
        database: the only database that names may be qualified with.
        dialect: whose SQL it is.

    Raises:
        DataHubError: the text is no SQL, more than one statement, does something else than read, or names
            another database.
    """
    text = sql.strip().removesuffix(";").rstrip()
    if show := _SHOW.fullmatch(text):
        return ShowStatement(only_views=show[1].upper() == "VIEWS")
    if describe := _DESCRIBE.fullmatch(text):
        return DescribeStatement(_relation_name(_described(describe[1], dialect), database, dialect))
    _require_reading(text, dialect)
    return parse_query(text, database, dialect)


def parse_query(sql: str, database: str, dialect: Dialect = ATHENA) -> QueryStatement:
    """Parse one query; arguments and errors as in ``parse_statement``."""
    with _reported_errors():
        statements = sqlglot.parse(sql, dialect=dialect.sqlglot_name)
        if len(statements) != 1:
            raise DataHubError(f"{len(statements)} statements were given; give one at a time")
        query = statements[0]
        if not isinstance(query, exp.Query) or query.find(exp.Into, exp.DML, exp.DDL):
            raise DataHubError("Only queries are answered: SELECT, WITH, SHOW TABLES, SHOW VIEWS, DESCRIBE")
        relations = frozenset(_normalise(table, database, dialect) for table in _relations(query))
        return QueryStatement(query, relations)


@contextlib.contextmanager
def _reported_errors() -> Iterator[None]:
    try:
        yield
    except SqlglotError as error:
        raise DataHubError(f"The SQL cannot be read: {_without_colours(str(error))}") from error


def _described(name: str, dialect: Dialect) -> exp.Table:
    with _reported_errors():
        return exp.to_table(name, dialect=dialect.sqlglot_name)


def _require_reading(sql: str, dialect: Dialect) -> None:
    """Refuse other statements by their first word: the parser does not know all of them."""
    with _reported_errors():
        tokens = dialect.tokenize(sql)
    if not tokens:
        raise DataHubError('No SQL was given; try "SHOW TABLES"')
    word = sql[tokens[0].start : tokens[0].end + 1].upper()
    if word not in _QUERY_WORDS:
        raise DataHubError(
            f"{word} is refused, because tables and views are only read here; "
            "use SELECT, WITH, SHOW TABLES, SHOW VIEWS or DESCRIBE"
        )


def _relations(query: exp.Query) -> Iterator[exp.Table]:
    """Yield what the query reads, without its own common table expressions."""
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                yield source


def _normalise(table: exp.Table, database: str, dialect: Dialect) -> str:
    name = _relation_name(table, database, dialect)
    table.set("catalog", None)
    table.set("db", exp.to_identifier(database, quoted=True))
    table.set("this", exp.to_identifier(name, quoted=True))
    return name


def _relation_name(table: exp.Table, database: str, dialect: Dialect) -> str:
    text = table.sql(dialect.sqlglot_name)
    if not isinstance(table.this, exp.Identifier):
        raise DataHubError(f"{text} is a table function; read a table or view instead")
    if table.catalog.lower() not in ("", CATALOG) or table.db.lower() not in ("", database.lower()):
        raise DataHubError(f"{text} is in another database; only {database} can be read here")
    return table.name.lower()


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
