"""What is said of SQL that Spark and Athena do not understand alike: the line, what was found, and what to use."""

from __future__ import annotations

import re
from datetime import date

from sqlglot import exp

from data_hub.wording import shortened

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)
PLAIN_NUMBER = re.compile(r"[0-9]{1,18}|(?=[0-9.]{2,39}$)[0-9]*\.[0-9]+", re.ASCII)
# Backslashes escape in Spark only, and Spark fills in ${...} before it reads a statement.
UNSAFE_TEXT = re.compile(r"[\\\x00-\x1f\x7f]|\$\{")
CAST_TYPES = "varchar, bigint, decimal(p, s), date and timestamp(6)"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_TEXT_FIX = "compare with the values as they are, or use SUBSTR, LENGTH and LIKE"
_CASE_FIX = "write CASE WHEN ... THEN ... ELSE ... END"
_NOW_FIX = "a view gives the same rows whenever and by whomever it is read; use the date columns of the table"
_DATE_FIX = "use YEAR, QUARTER, MONTH and DAY of a date, and DATE 'yyyy-mm-dd'"
_TYPE_FIX = "cast to decimal(p, s), which is exact"
_NESTED_FIX = "a view has plain columns and rows"
_RANK_FIX = "use RANK() OVER (...) in a subquery, and WHERE on it"
_QUERY_FIX = "put the query into FROM, and join it"
# What to use instead of constructs that people are likely to try.
_FIXES: dict[type[exp.Expr], str] = {
    **dict.fromkeys((exp.Div, exp.Mod, exp.IntDiv), "engines round differently; divide where the view is read"),
    exp.Avg: "engines round differently; select SUM and COUNT, and divide where the view is read",
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Initcap), f"engines differ beyond ASCII; {_TEXT_FIX}"),
    exp.Trim: f"Athena takes other blanks away than Spark; {_TEXT_FIX}",
    **dict.fromkeys((exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract), f"expressions differ; {_TEXT_FIX}"),
    exp.Escape: "leave ESCAPE out, and compare with SUBSTR what LIKE cannot",
    **dict.fromkeys((exp.Concat, exp.ConcatWs), "write a || b; NULL makes all of it NULL"),
    **dict.fromkeys((exp.Greatest, exp.Least), f"NULL counts in Athena only; {_CASE_FIX}"),
    exp.If: _CASE_FIX,
    **dict.fromkeys((exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentUser, exp.Rand, exp.Uuid), _NOW_FIX),
    **dict.fromkeys((exp.Interval, exp.DateAdd, exp.DateSub, exp.DateDiff, exp.TimestampTrunc, exp.Extract), _DATE_FIX),
    **dict.fromkeys((exp.Round, exp.Floor, exp.Ceil), "write TRY_CAST(... AS decimal(p, s)), which rounds half up"),
    **dict.fromkeys((exp.ArgMax, exp.ArgMin), f"ties are broken by chance; {_RANK_FIX}"),
    **dict.fromkeys((exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead, exp.Ntile), _RANK_FIX),
    **dict.fromkeys((exp.Except, exp.Intersect), "use LEFT JOIN, and WHERE ... IS NULL or IS NOT NULL"),
    **dict.fromkeys((exp.Exists, exp.Any, exp.All), _QUERY_FIX),
    **dict.fromkeys((exp.Unnest, exp.Lateral, exp.Values, exp.Array, exp.Tuple, exp.Bracket, exp.Dot), _NESTED_FIX),
    exp.Filter: "put a CASE into the aggregate: SUM(CASE WHEN ... THEN x END)",
    exp.NullSafeEQ: "write a = b OR (a IS NULL AND b IS NULL)",
    exp.NullSafeNEQ: "compare with <> and IS NULL",
}
# Parts of constructs that are allowed themselves.
_PARTS: dict[str, tuple[str, str]] = {
    "order": ("ORDER BY", "a view has no order; sort where it is read"),
    "limit": ("LIMIT", "which rows it leaves is chance; use RANK() OVER (...) in a subquery, and WHERE on it"),
    "offset": ("OFFSET", "which rows it leaves is chance"),
    "db": ("a database in a table's name", "name the table alone; it is looked up in the database of the pipeline"),
    "catalog": ("a catalogue in a table's name", "name the table alone"),
    "using": ("USING", "write ON t.a = u.a"),
    "method": ("NATURAL JOIN", "write JOIN ... ON t.a = u.a"),
    "recursive": ("WITH RECURSIVE", "Spark has none"),
    "spec": ("a frame in OVER", "leave ROWS or RANGE out"),
    "windows": ("WINDOW", "write the window into OVER (...)"),
    "sample": ("TABLESAMPLE", "a view gives the same rows each time"),
    "columns": ("column names after a table alias", "give names in the SELECT: expression AS name"),
    "when": ("time travel", "a view shows the table as it is"),
    "version": ("time travel", "a view shows the table as it is"),
    "query": ("IN (SELECT ...)", _QUERY_FIX),
    "on": ("DISTINCT ON", _RANK_FIX),
    "except_": ("EXCEPT after *", "name the columns"),
    "replace": ("REPLACE after *", "name the columns"),
    "symmetric": ("BETWEEN SYMMETRIC", "write the lesser bound first"),
    "locks": ("FOR UPDATE", "a view only reads"),
    "hint": ("a hint", "leave it out"),
    "qualify": ("QUALIFY", "put the window function into a subquery, and WHERE on it"),
}
_DEFAULT_FIX = "docs/views.md lists what a view file may use"


def refusal(node: exp.Expr, found: str | None = None, fix: str | None = None) -> str:
    """Return the line about a construct.

    Args:
        node: the construct.
        found: what it is called, by default its SQL.
        fix: what to use instead, by default what is known of such constructs.
    """
    what = shortened(found, 200) if found else shortened(node.sql(dialect="athena", comments=False))
    return f"line {line_of(node)}: {what}: {fix or _FIXES.get(type(node), _DEFAULT_FIX)}"


def of_part(node: exp.Expr, part: str) -> str:
    """Return the line about a part that a construct must not have."""
    name, fix = _PARTS.get(part, (f"{part.strip('_')} of {node.key}", _DEFAULT_FIX))
    value = node.args[part]
    return refusal(value if isinstance(value, exp.Expr) else node, name, fix)


def line_of(node: exp.Expr) -> int:
    """Return the line that a construct stands in, as near as sqlglot remembers it."""
    place: exp.Expr | None = node
    while place is not None:
        lines = [int(part.meta["line"]) for part in place.walk() if "line" in part.meta]
        if lines:
            return min(lines)
        place = place.parent
    return 1


def is_date(text: str) -> bool:
    """Tell whether text is a day of the calendar, written yyyy-mm-dd."""
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
