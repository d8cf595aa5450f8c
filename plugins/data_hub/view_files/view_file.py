"""View files: a description, and one query in the SQL that Spark and Athena share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.view_files import sql_subset
from data_hub.view_files.sql_queries import fitted, tables_of
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from data_hub.sql_views.base_table import BaseTable

SUFFIX = ".sql"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,249}_view", re.ASCII)
_REPORT_NAME = re.compile(r"(.*_)?report_([0-9]+_)?view", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NESTED = "its query is nested too deeply; split it into WITH queries"


@dataclass(frozen=True)
class ViewFile:
    """A view that users add.

    Attributes:
        name: the view, named as the file.
        description: the comment at the file's beginning, in one line.
        query: the query as it was parsed; names are those of the text.
    """

    name: str
    description: str
    query: exp.Query

    @classmethod
    def parse(cls, file_name: str, text: str) -> ViewFile:
        """Read a view file.

        Args:
            file_name: without folder, like ``total_assets_view.sql``.
            text: its content.

        Raises:
            DataHubError: everything that is wrong with it, a line each, with the fix.
        """
        text = text.removeprefix("\ufeff")
        name, description = file_name.removesuffix(SUFFIX), _description(text)
        problems = [*_name_problems(file_name), *_description_problems(description)]
        query: exp.Query | None = None
        try:
            query = _parsed(text)
            problems += sql_subset.problems(query)
        except DataHubError as error:
            problems.append(str(error))
        except RecursionError:
            problems.append(_NESTED)
        if problems or query is None:
            raise _error(file_name, problems)
        return cls(name, description, query)

    @property
    def file_name(self) -> str:
        """Name of the file."""
        return f"{self.name}{SUFFIX}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the query reads, lower case, in the order in which they stand in it."""
        return tuple(dict.fromkeys(table.name.lower() for table in tables_of(self.query)))

    def definition(self, tables: Mapping[str, BaseTable], known: Collection[str] = ()) -> ViewDefinition:
        """Fit the view to the tables that there are.

        Args:
            tables: name to table; at least those of ``self.tables`` that there are.
            known: the names of all tables that it may read, for the message about one that there is not.

        Raises:
            DataHubError: everything that does not fit, a line each: tables and columns that there are not, types that
                Spark and Athena compare or compute differently, and limits that it is over.
        """
        by_name = {name.lower(): table for name, table in tables.items()}
        try:
            query = fitted(self.query, by_name, known)
            used = tuple(by_name[name] for name in self.tables)
            definition = ViewDefinition(name=self.name, description=self.description, query=query, tables=used)
            problems = [f"{problem}; shorten it, or make two views of it" for problem in definition.problems()]
        except DataHubError as error:
            raise _error(self.file_name, str(error).splitlines()) from error
        except RecursionError as error:
            raise _error(self.file_name, [_NESTED]) from error
        if problems:
            raise _error(self.file_name, problems)
        return definition


def _description(text: str) -> str:
    lines = []
    for line in text.lstrip().splitlines():
        if not line.strip().startswith("--"):
            break
        lines.append(line.strip().lstrip("-").strip())
    return " ".join(line for line in lines if line)


def _description_problems(description: str) -> Iterator[str]:
    if not description:
        yield "it has no description; begin the file with comment lines (-- ...) that say what a row of the view is"
    if found := _CONTROL.search(description):
        yield f"its description has the control character {found[0]!r}; take it out"


def _name_problems(file_name: str) -> Iterator[str]:
    name = file_name.removesuffix(SUFFIX)
    if not file_name.endswith(SUFFIX):
        yield f"it is no view file; name it {name}{SUFFIX}"
    if not _NAME.fullmatch(name):
        yield (
            f"'{shortened(name)}' is no name of a view; use lower-case letters, digits and _, beginning with a letter, "
            "ending with _view, at most 255 characters"
        )
    elif _REPORT_NAME.fullmatch(name):
        yield f"'{name}' is a name that the view of a series may get; choose one that does not end like _report_view"


def _parsed(text: str) -> exp.Query:
    try:
        statements = [each for each in sqlglot.parse(text, dialect=ATHENA.sqlglot_name) if each is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        # The parser's own words end in what only it knows.
        found = re.sub(r"\s*but got <Token.*", "", str(first.get("description", error)), flags=re.DOTALL)
        what = f"{found}, near {first.get('highlight')!r}"
        fix = "put names in double quotes, backticks are Spark's" if "`" in text else "correct it"
        line = first.get("line", 1)
        raise DataHubError(f"line {line}: this is no SQL: {shortened(what, 200)}; {fix}") from error
    except SqlglotError as error:
        raise DataHubError(f"this is no SQL: {shortened(str(error), 200)}; correct it, a quote may be open") from error
    statements = [each for each in statements if not isinstance(each, exp.Semicolon)]
    if len(statements) != 1:
        raise DataHubError(f"it has {len(statements)} statements; write one SELECT")
    [query] = statements
    if not isinstance(query, (exp.Select, exp.SetOperation)):
        raise DataHubError(f"{shortened(query.sql(comments=False))}: this is no SELECT; write one, without parentheses")
    return query


def _error(file_name: str, problems: list[str]) -> DataHubError:
    return DataHubError("\n".join(f"{shortened(file_name)}: {problem}" for problem in problems))
