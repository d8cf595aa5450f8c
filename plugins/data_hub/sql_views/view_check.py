"""Whether a published view shows what the table holds, asked of Athena, which reads the view as people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.sql_views.dialects import ATHENA
from data_hub.wording import counted

if TYPE_CHECKING:
    from data_hub.sql_views.athena_query import AthenaWorkgroup
    from data_hub.sql_views.view_definition import ViewDefinition


@dataclass(frozen=True)
class ViewCheck:
    """What a check found.

    Attributes:
        rows: rows of the view.
        problem: how view and table differ; empty when they agree.
    """

    rows: int
    problem: str


def check(workgroup: AthenaWorkgroup, view: ViewDefinition) -> ViewCheck:
    """Compare rows and keys of a view with those that the table holds at the same moment.

    Raises:
        DataHubError: Athena cannot answer.
    """
    shown, expected, missing, unexpected = (
        int(number or 0)
        for number in workgroup.first_row(check_query(view, workgroup.database).sql(ATHENA.sqlglot_name))
    )
    if not missing and not unexpected:
        return ViewCheck(shown, "")
    problem = f"it has {counted(shown, 'row')} where the table has {expected:,}"
    if view.keys:
        problem += (
            f"; by {', '.join(view.keys)}, {counted(missing, 'group')} of the table and {counted(unexpected, 'group')} "
            "of the view have no equal"
        )
    return ViewCheck(shown, problem)


def check_query(view: ViewDefinition, database: str) -> exp.Query:
    """Return the query: rows of the view, rows that it must have, groups that it lacks, groups that are too many."""
    keys = [exp.column(key, quoted=True) for key in view.keys]
    shown = exp.select(*keys, exp.alias_(exp.Count(this=exp.Star()), "n"))
    shown = shown.from_(exp.table_(view.name, db=database, quoted=True))
    query = exp.select(
        _scalar(_total("shown")), _scalar(_total("expected")), *map(_scalar, (_lack("expected"), _lack("shown")))
    )
    return query.with_("shown", as_=shown.group_by(*keys) if keys else shown).with_("expected", as_=_expected(view))


def _expected(view: ViewDefinition) -> exp.Query:
    if view.expected is not None:
        return view.expected
    return exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(view.query.subquery("defined"))


def _total(name: str) -> exp.Select:
    return exp.select(exp.Coalesce(this=exp.Sum(this=exp.column("n")), expressions=[exp.Literal.number(0)])).from_(name)


def _lack(name: str) -> exp.Select:
    """Count the groups of one of the two that the other lacks; EXCEPT takes NULL for equal to NULL."""
    other = {"expected": "shown", "shown": "expected"}[name]
    difference = exp.except_(exp.select("*").from_(name), exp.select("*").from_(other))
    return exp.select(exp.Count(this=exp.Star())).from_(difference.subquery("difference"))


def _scalar(query: exp.Select) -> exp.Expr:
    return query.subquery()
