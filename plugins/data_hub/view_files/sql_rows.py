"""Rules about whole SELECTs: what is grouped, and that numbered rows are the same rows in every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.view_files.sql_refusals import refusal
from data_hub.view_files.sql_subset import AGGREGATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Names = set[tuple[str, str]]


def problems(select: exp.Expr) -> list[str]:
    """Return one line for each rule that a SELECT breaks.

    Args:
        select: its columns are named after their tables, and its stars expanded.
    """
    return [*_grouping(select), *_numbering(select)]


def _grouping(select: exp.Expr) -> Iterator[str]:
    group, having = select.args.get("group"), select.args.get("having")
    outputs = [*select.expressions, *([having] if having else [])]
    aggregated = [node for output in outputs for node in output.find_all(*AGGREGATES) if not _is_over(node)]
    if not group and not aggregated:
        return
    keys = _names(group.expressions if group else [])
    for output in outputs:
        for column in output.find_all(exp.Column):
            if (column.text("table"), column.name) not in keys and column.find_ancestor(*AGGREGATES) is None:
                yield refusal(column, f"{column.name} beside GROUP BY", "group by it, or put it into MAX() or MIN()")
        for window in output.find_all(exp.Window):
            yield refusal(window, "a window function beside GROUP BY", "compute it in a query around this one")


def _numbering(select: exp.Expr) -> Iterator[str]:
    """Rows that ROW_NUMBER cannot tell apart must be the same row, or each engine numbers them in its own way."""
    windows = [window for output in select.expressions for window in output.find_all(exp.Window)]
    numbered = [window for window in windows if isinstance(window.this, exp.RowNumber)]
    if not numbered:
        return
    if len(numbered) > 1:
        yield refusal(numbered[1], "two ROW_NUMBER() in one SELECT", "use RANK(), or number in a subquery")
    order = numbered[0].args["order"].expressions if numbered[0].args.get("order") else []
    known = _names([*(numbered[0].args.get("partition_by") or []), *(term.this for term in order)])
    used = _names(column for output in select.expressions for column in output.find_all(exp.Column))
    if missing := sorted(name for _, name in used - known):
        yield refusal(
            numbered[0],
            "ROW_NUMBER() that leaves ties to chance",
            f"use RANK(), or put all columns of this SELECT into its ORDER BY, at the end: {', '.join(missing)}",
        )


def _is_over(aggregate: exp.Expr) -> bool:
    return aggregate.find_ancestor(exp.Window) is not None


def _names(columns: Iterable[exp.Expr]) -> _Names:
    return {(column.text("table"), column.name) for column in columns}
