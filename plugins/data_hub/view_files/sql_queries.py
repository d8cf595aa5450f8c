"""The queries of a view file over the tables that there are: names looked up, columns typed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.view_files import sql_rows
from data_hub.view_files.sql_expressions import Expressions, Findings, Sources
from data_hub.view_files.sql_refusals import refusal
from data_hub.view_files.value_types import SqlType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from data_hub.sql_views.base_table import BaseTable

# A column in which a problem was found has no type.
Columns = dict[str, SqlType | None]


def fitted(query: exp.Query, tables: Mapping[str, BaseTable], known: Collection[str] = ()) -> exp.Query:
    """Fit a query of the subset to tables.

    Args:
        query: as it was parsed; it has no problems of ``sql_subset``.
        tables: the tables that there are, by lower-case name; others than those that it names are not needed.
        known: the names of all tables, for the message about one that there is not.

    Returns:
        A copy with full names in lower case, stars expanded, every column of one type in both engines, and points in
        time in UTC without zone.

    Raises:
        DataHubError: names that there are not, or types that the engines treat differently; a line for each.
    """
    copy = query.copy()
    for identifier in copy.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
    queries = _Queries(tables, known)
    queries.of_view(copy)
    if queries.findings.problems:
        raise DataHubError("\n".join(dict.fromkeys(queries.findings.problems)))
    for change in queries.findings.changes:
        change()
    return copy


def tables_of(query: exp.Query) -> list[exp.Table]:
    """Return the places where a query reads a table, not one of its own WITH names."""
    named: set[str] = set()
    found: list[exp.Table] = []
    for part in _with_parts(query):
        found += _tables_in(part, named)
        named.add(part.alias.lower())
    return found + [table for table in _tables_in(query, named) if table.find_ancestor(exp.CTE) is None]


def _with_parts(query: exp.Query) -> list[exp.Expr]:
    return query.args["with_"].expressions if query.args.get("with_") else []


def _tables_in(part: exp.Expr, named: Collection[str]) -> list[exp.Table]:
    return [table for table in part.find_all(exp.Table) if table.name.lower() not in named]


class _Queries:
    def __init__(self, tables: Mapping[str, BaseTable], known: Collection[str]) -> None:
        self.tables = tables
        self.known = known
        self.findings = Findings()
        self._named: dict[str, Columns] = {}

    def of_view(self, query: exp.Query) -> None:
        for named in _with_parts(query):
            name = named.alias
            if name in self.tables or name in self._named:
                self._refuse(named, f"WITH {name}", "there is a table or query of this name; choose another")
            self._named[name] = self._columns(named.this)
        columns = self._columns(query)
        if not self.findings.problems:
            for select in _branches(query):
                for column, kind in zip(select.expressions, columns.values(), strict=True):
                    if kind is not None and kind.kind == "timestamptz":
                        self.findings.cast_output(column, SqlType("timestamp"))

    def _refuse(self, node: exp.Expr, found: str, fix: str) -> None:
        self.findings.problems.append(refusal(node, found, fix))

    def _columns(self, query: exp.Expr) -> Columns:
        return self._of_union(query) if isinstance(query, exp.Union) else self._of_select(query)

    def _of_union(self, union: exp.Union) -> Columns:
        left, right = self._columns(union.this), self._columns(union.expression)
        if len(left) != len(right):
            self._refuse(union, "UNION ALL", f"its parts have {len(left)} and {len(right)} columns; give them as many")
            return left
        for (name, one), other in zip(left.items(), right.values(), strict=True):
            if one is not None and other is not None and one != other:
                self._refuse(union, f"UNION ALL: column {name} is {one}, then {other}", "CAST both to one type")
        return left

    def _of_select(self, select: exp.Expr) -> Columns:
        sources: Sources = {}
        expressions = Expressions(sources, self.findings)
        for place in [select.args["from_"], *(select.args.get("joins") or [])]:
            self._add_source(sources, place.this)
            if condition := place.args.get("on"):
                expressions.condition(condition)
        if any(not columns for columns in sources.values()):
            return {}  # of a table that there is not; told already
        self._expand_stars(select, sources)
        for clause in ("where", "having"):
            if select.args.get(clause):
                expressions.condition(select.args[clause].this)
        for key in select.args["group"].expressions if select.args.get("group") else []:
            expressions.of(key)
        columns = self._outputs(select, expressions)
        self.findings.problems += sql_rows.problems(select)
        return columns

    def _add_source(self, sources: Sources, source: exp.Expr) -> None:
        name = source.alias_or_name
        if name in sources:
            self._refuse(source, f"{name} stands twice in FROM", f"give one another name: {source.name} AS name")
        sources[name] = self._columns(source.this) if isinstance(source, exp.Subquery) else self._of_table(source)
        _quote_alias(source, name)

    def _of_table(self, table: exp.Expr) -> Columns:
        if table.name in self._named:
            return self._named[table.name]
        base = self.tables.get(table.name)
        if base is None:
            self._refuse(table, f"there is no table {table.name}", self._other_table(table.name))
            return {}
        table.set("db", exp.to_identifier(base.database, quoted=True))
        return {name.lower(): self._type(table, name, kind) for name, kind in base.columns.items()}

    def _other_table(self, name: str) -> str:
        if name.endswith("_view"):
            return "a view reads tables, never a view; copy the part of its query that you need"
        close = difflib.get_close_matches(name, self.known or self.tables, n=1)
        if close:
            return f"did you mean {close[0]}?"
        if self.known:
            return f"there are: {', '.join(sorted(self.known))}"
        return "name an Iceberg table of the pipeline's database; one that a pipeline is yet to make, run that first"

    def _type(self, table: exp.Expr, name: str, kind: exp.DataType) -> SqlType:
        found = SqlType.of(kind)
        # A point in time without zone: Spark would take it for one of its session's zone.
        if found is None or found.kind == "timestamp":
            self._refuse(table, f"column {name} of {table.name} is {kind.sql()}", "views cannot show it")
            return SqlType("text")
        return found

    def _expand_stars(self, select: exp.Expr, sources: Sources) -> None:
        expanded: list[exp.Expr] = []
        for column in select.expressions:
            wanted = column.text("table") if isinstance(column, exp.Column) else ""
            if not column.is_star:
                expanded.append(column)
            elif wanted and wanted not in sources:
                self._refuse(column, f"{wanted}.*", f"FROM has no {wanted}; it has: {', '.join(sources)}")
            else:
                names = [(source, name) for source in ([wanted] if wanted else sources) for name in sources[source]]
                expanded += [exp.column(name, table=source, quoted=True) for source, name in names]
        select.set("expressions", expanded)

    def _outputs(self, select: exp.Expr, expressions: Expressions) -> Columns:
        columns: Columns = {}
        for column in list(select.expressions):
            value = column.this if isinstance(column, exp.Alias) else column
            found, name = expressions.of(value), column.alias_or_name
            if name in columns:
                self._refuse(column, f"column {name} is there twice", "give one another name: expression AS name")
            if found is not None and found.kind == "null":
                self._refuse(column, f"column {name} is NULL", "write CAST(NULL AS a type)")
            if found is not None and found.kind == "text" and not isinstance(value, (exp.Column, exp.Cast)):
                self.findings.cast_output(column, found)  # to Athena 'abc' is varchar(3)
            columns[name] = found
            if not isinstance(column, exp.Alias):
                column.replace(exp.alias_(column.copy(), name, quoted=True))
        return columns


def _quote_alias(source: exp.Expr, name: str) -> None:
    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _branches(query: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(query, exp.Union):
        yield from _branches(query.this)
        yield from _branches(query.expression)
    else:
        yield query
