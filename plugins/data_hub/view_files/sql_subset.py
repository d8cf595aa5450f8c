"""The SQL of view files: what Spark and Athena understand alike, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from data_hub.view_files import sql_refusals
from data_hub.view_files.sql_refusals import refusal
from data_hub.view_files.value_types import SqlType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_BINARY = frozenset({"this", "expression"})
# Besides its children sqlglot keeps here how a node was written; none of it changes the meaning.
_NOTES = frozenset({"safe", "typed", "big_int", "over", "nested", "is_string", "quoted"})
# Each construct with the parts that it may have.
ALLOWED: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "from_", "joins", "where", "group", "having", "distinct", "with_"}),
    exp.Union: frozenset({*_BINARY, "distinct", "with_"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this"}),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this", "side", "kind", "on"}),
    exp.Table: frozenset({"this", "alias"}),
    exp.Where: frozenset({"this"}),
    exp.Group: frozenset({"expressions"}),
    exp.Having: frozenset({"this"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.Identifier: frozenset({"this"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Star: frozenset(),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Literal: frozenset({"this"}),
    exp.Boolean: frozenset({"this"}),
    exp.Null: frozenset(),
    exp.Paren: frozenset({"this"}),
    exp.Not: frozenset({"this"}),
    exp.Neg: frozenset({"this"}),
    exp.Is: _BINARY,
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions"}),
    exp.DataTypeParam: frozenset({"this"}),
    exp.Count: frozenset({"this"}),
    exp.Window: frozenset({"this", "partition_by", "order"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.RowNumber: frozenset(),
    exp.Rank: frozenset(),
    exp.DenseRank: frozenset(),
    exp.Substring: frozenset({"this", "start", "length"}),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or), _BINARY),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.DPipe, exp.Nullif), _BINARY),
    exp.Like: frozenset({*_BINARY, "negate"}),
    **dict.fromkeys((exp.Sum, exp.Min, exp.Max, exp.Length), frozenset({"this"})),
    **dict.fromkeys((exp.Year, exp.Quarter, exp.Month, exp.Day), frozenset({"this"})),
}
# Spark computes with 32 bits here, and wraps around.
_MAX_INT = 2**31 - 1
RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank)
AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max)
_PREDICATES = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between, exp.Like)
_CONDITIONS = (*_PREDICATES, exp.And, exp.Or, exp.Not)
# Where NULL may stand as itself; everywhere else it hides a mistake, or has no type.
_NULL_PLACES = (exp.Is, exp.If, exp.Case, exp.Cast, exp.TryCast)


def problems(query: exp.Expr) -> list[str]:
    """Return one line for everything in a query that is outside the subset: line, what, and what to use instead.

    Args:
        query: a parsed view; how its columns are called and typed does not matter here.
    """
    return list(dict.fromkeys(_problems(query)))


def _problems(node: exp.Expr) -> Iterator[str]:
    allowed = _allowed_parts(node)
    if allowed is None:
        yield refusal(node)
        return
    parts = [name for name, value in node.args.items() if value and name not in _NOTES]
    for name in parts:
        if name not in allowed:
            yield sql_refusals.of_part(node, name)
    for check in _CHECKS.get(type(node), ()):
        yield from check(node)
    for child in node.iter_expressions():
        if child.arg_key in allowed:
            yield from _problems(child)


def _allowed_parts(node: exp.Expr) -> frozenset[str] | None:
    if type(node) is exp.If and isinstance(node.parent, exp.Case):
        return frozenset({"this", "true"})
    return ALLOWED.get(type(node))


def _check_union(node: exp.Expr) -> Iterator[str]:
    if node.args.get("distinct"):
        yield refusal(node, "UNION", "write UNION ALL; SELECT DISTINCT around it takes doubles out")
    for side in (node.this, node.expression):
        if not isinstance(side, (exp.Select, exp.Union)):
            yield refusal(side, "a query in parentheses", "write the SELECTs of a UNION ALL without parentheses")


def _check_with(node: exp.Expr) -> Iterator[str]:
    if node.parent is None or node.parent.parent is not None:
        yield refusal(node, "WITH inside a query", "put it at the beginning of the view")
    for named in node.expressions:
        if not isinstance(named.this, (exp.Select, exp.Union)):
            yield refusal(named, f"WITH {named.alias} is no query", "write WITH name AS (SELECT ...)")


def _check_select(node: exp.Expr) -> Iterator[str]:
    if not node.args.get("from_"):
        yield refusal(node, "SELECT without FROM", "a view selects from a table")
    if node.args.get("having") and not node.args.get("group"):
        yield refusal(node, "HAVING without GROUP BY", "name the columns to group by")
    for column in node.expressions:
        # What is no part of the subset is told for itself.
        if type(column) in ALLOWED and not isinstance(column, (exp.Column, exp.Star, exp.Alias)):
            yield refusal(column, fix="give the column a name: expression AS name")


def _check_subquery(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.parent, (exp.From, exp.Join)):
        yield refusal(node, "a subquery outside FROM", "put it into FROM, and join it")
    elif not isinstance(node.this, (exp.Select, exp.Union)):
        yield refusal(node, "a join or table in parentheses", "write the joins one after the other")
    elif not node.alias:
        yield refusal(node, "a subquery without a name", "write FROM (SELECT ...) AS name")


def _check_join(node: exp.Expr) -> Iterator[str]:
    side, kind, condition = node.args.get("side"), node.args.get("kind"), node.args.get("on")
    if (side or "", kind or "") not in _JOINS:
        yield refusal(node, f"{side or ''} {kind or ''} JOIN".strip(), "use INNER, LEFT, RIGHT, FULL or CROSS JOIN")
    elif kind == "CROSS":
        if condition:
            yield refusal(node, "CROSS JOIN with ON", "write JOIN ... ON")
    elif not condition:
        yield refusal(node, "a join without ON", "write JOIN ... ON condition, or CROSS JOIN")
    elif side == "FULL" and not all(_is_equality(part, node.this) for part in _conjuncts(condition)):
        yield refusal(
            node, "FULL JOIN on more than equal columns", "join on t.a = u.b AND ... only; filter in a subquery"
        )


_JOINS = {("", ""), ("", "INNER"), ("", "CROSS")} | {
    (side, kind) for side in ("LEFT", "RIGHT", "FULL") for kind in ("", "OUTER")
}


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _is_equality(part: exp.Expr, joined: exp.Expr) -> bool:
    """Tell whether a column of the table that is joined equals one of those before it."""
    if not isinstance(part, exp.EQ):
        return False
    sides = [side.table.lower() for side in (part.left, part.right) if isinstance(side, exp.Column)]
    return len(sides) == 2 and all(sides) and sides.count(joined.alias_or_name.lower()) == 1


def _check_group(node: exp.Expr) -> Iterator[str]:
    for key in node.expressions:
        if type(key) is not exp.Column:
            yield refusal(key, f"GROUP BY {key.sql()}", "group by columns; compute others in a subquery")


def _check_identifier(node: exp.Expr) -> Iterator[str]:
    if not sql_refusals.PLAIN_NAME.fullmatch(node.name):
        yield refusal(node, f"the name {node.name!r}", "use letters, digits and _, not beginning with a digit")


def _check_star(node: exp.Expr) -> Iterator[str]:
    holder = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    if not isinstance(holder, exp.Select) and not (node.parent is holder and isinstance(holder, exp.Count)):
        yield refusal(node, "*", "it stands for columns after SELECT, and for rows in COUNT(*)")


def _check_literal(node: exp.Expr) -> Iterator[str]:
    text = node.name
    if not node.is_string:
        if not sql_refusals.PLAIN_NUMBER.fullmatch(text):
            yield refusal(node, f"the number {text}", "write up to 18 digits, or a decimal like 0.5, without exponent")
    elif (found := sql_refusals.UNSAFE_TEXT.search(text)) is not None:
        yield refusal(
            node, f"{found[0]!r} in a text", "engines read it differently; compare the text with a column of a table"
        )


def _check_alias(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.parent, exp.Select):
        yield refusal(node, "a name inside an expression", "name columns alone: SELECT expression AS name")


def _check_null(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.parent, _NULL_PLACES):
        yield refusal(node, "NULL as a value", "write IS NULL, or CAST(NULL AS a type)")


def _check_condition(node: exp.Expr) -> Iterator[str]:
    """Predicates in predicates: the engines disagree on what belongs together."""
    if isinstance(node, (exp.Not, exp.And, exp.Or)):
        return
    for part in node.iter_expressions():
        if isinstance(part, _CONDITIONS):
            yield refusal(part, fix="put the inner condition into parentheses")


def _check_is(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.expression, exp.Null):
        yield refusal(node, fix="only IS NULL and IS NOT NULL are the same everywhere; use = for TRUE and FALSE")


def _check_in(node: exp.Expr) -> Iterator[str]:
    if not node.expressions:
        yield refusal(node, fix="write a list of values; JOIN replaces IN (SELECT ...)")


def _check_like(node: exp.Expr) -> Iterator[str]:
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        yield refusal(node, f"LIKE {pattern.sql()}", "write the pattern as text in quotes")
    elif any(character > "\uffff" for character in pattern.name):
        yield refusal(node, f"LIKE {pattern.name!r}", "leave out characters above U+FFFF")


def _check_substring(node: exp.Expr) -> Iterator[str]:
    for name in ("start", "length"):
        part = node.args.get(name)
        if part is not None and not (isinstance(part, exp.Literal) and part.is_int and 0 < int(part.name) <= _MAX_INT):
            yield refusal(node, fix=f"write start and length as whole numbers from 1 to {_MAX_INT}")


def _check_coalesce(node: exp.Expr) -> Iterator[str]:
    if not node.expressions:
        yield refusal(node, "COALESCE of a single value", "write two values or more")


def _check_cast(node: exp.Expr) -> Iterator[str]:
    kind = node.args["to"]
    if not SqlType.can_be_cast_to(kind):
        yield refusal(node, fix=f"the types to cast to are {sql_refusals.CAST_TYPES}")
    elif (
        kind.is_type(exp.DType.DATE)
        and isinstance(node.this, exp.Literal)
        and (type(node) is exp.TryCast or not sql_refusals.is_date(node.this.name))
    ):
        yield refusal(node, f"the date {node.this.name!r}", "write DATE 'yyyy-mm-dd', a date of the calendar")


def _check_aggregate(node: exp.Expr) -> Iterator[str]:
    inner = node.this
    if isinstance(inner, exp.Distinct):
        if not isinstance(node, exp.Count) or len(inner.expressions) != 1:
            yield refusal(node, fix="DISTINCT works in COUNT(DISTINCT column), of one column, alone")
        elif isinstance(node.parent, exp.Window):
            yield refusal(node, "COUNT(DISTINCT ...) OVER", "count in a subquery with GROUP BY, and join it")
    elif inner is None or (isinstance(inner, exp.Star) and not isinstance(node, exp.Count)):
        yield refusal(node, fix="name the column")
    if place := _wrong_place(node):
        yield refusal(node, f"{node.sql()} in {place}", "compute it in a subquery")


def _wrong_place(node: exp.Expr) -> str | None:
    """Return where an aggregate or a window must not stand; None when it may stand there."""
    child: exp.Expr = node
    while (parent := child.parent) is not None and not isinstance(parent, exp.Select):
        if isinstance(parent, (exp.Where, exp.Group, exp.Join)):
            return parent.key.upper() if not isinstance(parent, exp.Join) else "ON"
        if isinstance(parent, (*AGGREGATES, exp.Window)) and not (
            isinstance(parent, exp.Window) and child is node and parent.this is node
        ):
            return f"{parent.key.upper()}"
        if isinstance(parent, exp.Having) and isinstance(node, exp.Window):
            return "HAVING"
        child = parent
    return None


def _check_window(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.this, (*RANKS, *AGGREGATES)):
        return
    order = node.args.get("order")
    if isinstance(node.this, RANKS) and not order:
        yield refusal(node, fix="write ORDER BY in OVER (...)")
    terms = [*(node.args.get("partition_by") or []), *(term.this for term in (order.expressions if order else []))]
    for term in terms:
        if type(term) is not exp.Column:
            yield refusal(term, f"{term.sql()} in OVER", "name columns; compute others in a subquery")
    if place := _wrong_place(node):
        yield refusal(node, f"a window function in {place}", "compute it in a subquery, and filter that")


def _check_rank(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node.parent, exp.Window):
        yield refusal(node, fix="write it with OVER (PARTITION BY ... ORDER BY ...)")


_CHECKS: dict[type[exp.Expr], Iterable[Callable[[exp.Expr], Iterator[str]]]] = {
    exp.Union: (_check_union,),
    exp.With: (_check_with,),
    exp.Select: (_check_select,),
    exp.Subquery: (_check_subquery,),
    exp.Join: (_check_join,),
    exp.Group: (_check_group,),
    exp.Identifier: (_check_identifier,),
    exp.Star: (_check_star,),
    exp.Alias: (_check_alias,),
    exp.Literal: (_check_literal,),
    exp.Null: (_check_null,),
    **dict.fromkeys(_PREDICATES, (_check_condition,)),
    exp.Is: (_check_condition, _check_is),
    exp.In: (_check_condition, _check_in),
    exp.Like: (_check_condition, _check_like),
    exp.Substring: (_check_substring,),
    exp.Coalesce: (_check_coalesce,),
    exp.Cast: (_check_cast,),
    exp.TryCast: (_check_cast,),
    exp.Window: (_check_window,),
    **dict.fromkeys(AGGREGATES, (_check_aggregate,)),
    **dict.fromkeys(RANKS, (_check_rank,)),
}
