"""Whether a published view shows what the table holds, asked of Athena, which reads the view as people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.sql_views.dialects import ATHENA
from data_hub.sql_views.view_parameters import FAILED, PASSED
from data_hub.wording import counted

if TYPE_CHECKING:
    from data_hub.sql_views.athena_workgroup import AthenaWorkgroup
    from data_hub.sql_views.view_definition import ViewDefinition


@dataclass(frozen=True)
class ViewCheck:
    """What a check found.

    Attributes:
        verdict: ``passed``, or ``failed`` or ``not checked`` with the reason.
        rows: rows of the view, None when nobody counted.
        could_be_made: whether nothing kept Athena from answering.
    """

    verdict: str
    rows: int | None = None
    could_be_made: bool = True

    def error(self, view: ViewDefinition) -> str:
        """Return why the job has to fail; empty when it has not to."""
        if not self.could_be_made:
            return (
                f"View {view.name} is published, but {self.verdict}; mend that, or go without checks: take "
                "--athena_workgroup out of the job's arguments (Terraform: check_views = false)"
            )
        return f"View {view.name}: check {self.verdict}" if self.verdict.startswith(FAILED) else ""


def check(workgroup: AthenaWorkgroup, view: ViewDefinition) -> ViewCheck:
    """Compare rows and keys of a view with those that the table holds at the same moment.

    Raises:
        DataHubError: Athena cannot answer.
    """
    answer = workgroup.first_row(check_query(view, workgroup.database).sql(ATHENA.sqlglot_name))
    shown, expected, missing, unexpected = (int(number or 0) for number in answer)
    if not missing and not unexpected:
        return ViewCheck(PASSED, shown)
    problem = f"it has {counted(shown, 'row')} where the table has {expected:,}"
    if view.keys:
        problem += (
            f"; by {', '.join(view.keys)}, {counted(missing, 'group')} of the table and {counted(unexpected, 'group')} "
            "of the view have no equal"
        )
    return ViewCheck(f"{FAILED}: {problem}", shown)


def check_query(view: ViewDefinition, database: str) -> exp.Query:
    """Return the query: rows of the view, rows that it must have, groups that it lacks, groups that are too many.

    It mentions view and table once each: Athena works an expression out as often as it is mentioned.
    """
    keys = [exp.column(key, quoted=True) for key in view.keys]
    shown = exp.select(*keys, exp.alias_(exp.Count(this=exp.Star()), "n"))
    shown = shown.from_(exp.table_(view.name, db=database, quoted=True)).group_by(*keys)
    both = exp.union(_side(shown, keys, "shown"), _side(_expected(view), keys, "expected"), distinct=False)
    groups = exp.select(*(exp.alias_(exp.Sum(this=exp.column(name)), name) for name in ("shown", "expected")))
    groups = groups.from_(both.subquery("both_sides")).group_by(*keys)
    return exp.select(
        exp.Sum(this=exp.column("shown")),
        exp.Sum(this=exp.column("expected")),
        _count_if(exp.column("expected") > exp.column("shown")),
        _count_if(exp.column("shown") > exp.column("expected")),
    ).from_(groups.subquery("compared"))


def _expected(view: ViewDefinition) -> exp.Query:
    if view.expected is not None:
        return view.expected
    return exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(view.query.subquery("defined"))


def _side(query: exp.Query, keys: list[exp.Column], name: str) -> exp.Select:
    """Return groups with their number of rows on one side, and none on the other."""
    counts = [
        exp.alias_(exp.column("n") if side == name else exp.Literal.number(0), side) for side in ("shown", "expected")
    ]
    return exp.select(*keys, *counts).from_(query.subquery(f"of_{name}"))


def _count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case().when(condition, exp.Literal.number(1)))
