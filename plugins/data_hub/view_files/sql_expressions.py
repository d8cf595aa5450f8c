"""The types of expressions in a view file; what the engines would type differently gets a CAST."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from data_hub.sql_views.exact_cast import exact_cast
from data_hub.view_files.sql_refusals import refusal
from data_hub.view_files.value_types import (
    MAX_DIGITS,
    SUM_DIGITS,
    WORD_DIGITS,
    SqlType,
    added,
    common,
    comparable,
    multiplied,
)
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_hub.view_files.value_types import Kind

Sources = dict[str, "Mapping[str, SqlType | None]"]

_BOOLEAN, _BIGINT, _TEXT, _NULL = SqlType("boolean"), SqlType("bigint"), SqlType("text"), SqlType("null")
_MAX_INT = 2**31 - 1
_SHOWN_COLUMNS = 20
_COMPARED = "engines change one of them, each in its own way; CAST one to the other's type"


@dataclass
class Findings:
    """What is found in a view's queries.

    Attributes:
        problems: a line for everything that the engines would not do alike.
        changes: what makes the queries the same for both engines, the inner parts first; nothing is changed before
            everything was looked at, so that problems show what the user wrote.
    """

    problems: list[str] = field(default_factory=list)
    changes: list[Callable[[], object]] = field(default_factory=list)

    def cast(self, node: exp.Expr, kind: SqlType) -> None:
        """Have a cast put around a value that is a type of its own in each engine."""
        self.changes.append(lambda: _put_cast(node, kind))

    def cast_output(self, column: exp.Expr, kind: SqlType) -> None:
        """Have a cast put around the value of a column of a SELECT."""
        self.changes.append(lambda: _put_cast(column.this, kind))


class Expressions:
    """Finds the types of expressions over tables.

    Attributes:
        sources: name in FROM to its columns.
        findings: gets what is wrong, and what is to be changed.
    """

    def __init__(self, sources: Sources, findings: Findings) -> None:
        self.sources = sources
        self.findings = findings

    def condition(self, node: exp.Expr) -> None:
        """Check an expression that decides."""
        self._expect(node, "boolean", "write a condition, like x = 1")

    def of(self, node: exp.Expr) -> SqlType | None:
        """Return the type of an expression; None when a problem was found in it.

        Columns get the name of their table. What the subset has for another place, like a name or an order, is no
        value, and refused.
        """
        find = self._FINDERS.get(type(node))
        if find is None:
            self.findings.problems.append(refusal(node))
            return None
        return find(self, node)

    def _refuse(self, node: exp.Expr, found: str | None, fix: str) -> None:
        self.findings.problems.append(refusal(node, found, fix))

    def _pinned(self, node: exp.Expr, kind: SqlType) -> SqlType:
        self.findings.cast(node, kind)
        return kind

    def _expect(self, node: exp.Expr, kind: Kind, fix: str) -> None:
        found = self.of(node)
        if found is not None and found.kind not in (kind, "null"):
            self._refuse(node, f"{_shown(node)} is {found}", fix)

    def _types(self, nodes: Sequence[exp.Expr]) -> list[SqlType] | None:
        types = [self.of(node) for node in nodes]
        return [each for each in types if each is not None] if None not in types else None

    def _column(self, node: exp.Expr) -> SqlType | None:
        name, table = node.name, node.text("table")
        places = [source for source, columns in self.sources.items() if name in columns and table in ("", source)]
        if len(places) == 1:
            node.set("table", exp.to_identifier(places[0], quoted=True))
            return self.sources[places[0]][name]
        if places:
            self._refuse(node, f"column {name} is in {' and '.join(places)}", f"write {places[0]}.{name}")
        elif table and table not in self.sources:
            self._refuse(node, f"{table}.{name}", f"FROM has no {table}; it has: {', '.join(self.sources)}")
        else:
            self._refuse(node, f"there is no column {table}{'.' * bool(table)}{name}", self._known(name, table))
        return None

    def _known(self, name: str, table: str) -> str:
        names = [column for source, columns in self.sources.items() if table in ("", source) for column in columns]
        close = difflib.get_close_matches(name, names, n=1)
        shown = ", ".join(dict.fromkeys(names[:_SHOWN_COLUMNS])) + ", ..." * (len(names) > _SHOWN_COLUMNS)
        return f"did you mean {close[0]}?" if close else f"there are: {shown}"

    def _literal(self, node: exp.Expr) -> SqlType:
        if isinstance(node, exp.Literal) and node.is_string:
            return _TEXT
        whole, _, fraction = node.name.partition(".")
        if "." in node.name:
            return self._pinned(node, SqlType("decimal", len(whole.lstrip("0")) + len(fraction) or 1, len(fraction)))
        return SqlType("int") if int(whole) <= _MAX_INT else self._pinned(node, _BIGINT)

    def _inner(self, node: exp.Expr) -> SqlType | None:
        return self.of(node.this)

    def _connector(self, node: exp.Expr) -> SqlType:
        for part in list(node.iter_expressions()):
            self.condition(part)
        return _BOOLEAN

    def _comparison(self, node: exp.Expr) -> SqlType:
        parts = list(node.iter_expressions())
        types = self._types(parts)
        if types and not comparable(types):
            self._refuse(node, f"{_shown(node)} compares {' with '.join(map(str, types))}", _hint(parts, types))
        return _BOOLEAN

    def _is(self, node: exp.Expr) -> SqlType:
        self.of(node.this)
        return _BOOLEAN

    def _like(self, node: exp.Expr) -> SqlType:
        self._expect(node.this, "text", "LIKE is for text")
        return _BOOLEAN

    def _text(self, node: exp.Expr) -> SqlType:
        parts = [node.this, node.expression] if isinstance(node, exp.DPipe) else [node.this]
        for part in parts:
            self._expect(part, "text", "CAST it to varchar, if it is a whole number")
        return self._pinned(node, _BIGINT) if isinstance(node, exp.Length) else _TEXT

    def _date_part(self, node: exp.Expr) -> SqlType:
        self._expect(node.this, "date", "it is for dates; a point in time has another date in other time zones")
        return self._pinned(node, _BIGINT)

    def _case(self, node: exp.Expr) -> SqlType | None:
        branches = node.args["ifs"]
        if node.this is None:
            for branch in branches:
                self.condition(branch.this)
        else:
            parts = [node.this, *(branch.this for branch in branches)]
            types = self._types(parts)
            if types and not comparable(types):
                self._refuse(node, f"{_shown(node)} compares {' with '.join(map(str, types))}", _hint(parts, types))
        default = node.args.get("default")
        values = [*(branch.args["true"] for branch in branches), *([default] if default is not None else [])]
        return self._one_of(node, values)

    def _coalesce(self, node: exp.Expr) -> SqlType | None:
        return self._one_of(node, list(node.iter_expressions()))

    def _one_of(self, node: exp.Expr, values: Sequence[exp.Expr]) -> SqlType | None:
        types = self._types(values)
        if types is None:
            return None
        found = common(types)
        if found is None:
            all_types = ", ".join(dict.fromkeys(str(each) for each in types if each != _NULL))
            self._refuse(node, f"{_shown(node)} mixes {all_types}", "CAST every value to one type")
        return found

    def _nullif(self, node: exp.Expr) -> SqlType | None:
        found, first = self._one_of(node, [node.this, node.expression]), self.of(node.this)
        if found is not None and first not in (found, _NULL):
            # Engines give it the type of the first value.
            self._refuse(node, f"{_shown(node)} makes {first} of {found}", "CAST both values to one type")
            return None
        return found

    def _negated(self, node: exp.Expr) -> SqlType | None:
        is_literal = isinstance(node.this, exp.Literal)
        found = self.of(node.this)
        if found is not None and not (found.kind == "decimal" or (is_literal and found.is_number)):
            self._refuse(node, f"{_shown(node)} on {found}", "CAST it to decimal(19, 0); whole numbers can overflow")
            return None
        return found

    def _arithmetic(self, node: exp.Expr) -> SqlType | None:
        types = self._types([node.this, node.expression])
        if types is None:
            return None
        shown = f"{_shown(node)} computes {types[0]} with {types[1]}"
        if not all(each.is_number for each in types) or not any(each.kind == "decimal" for each in types):
            self._refuse(node, shown, "CAST the numbers to decimal(p, s); whole numbers can overflow")
            return None
        found = (multiplied if isinstance(node, exp.Mul) else added)(*types)
        if found.digits > MAX_DIGITS:
            fix = f"that may need {found.digits} digits, {MAX_DIGITS} is the most; TRY_CAST to fewer digits first"
            self._refuse(node, shown, fix)
            return None
        if isinstance(node, exp.Mul):
            self._widen(node, *types)
        return self._pinned(node, found)

    def _widen(self, product: exp.Mul, left: SqlType, right: SqlType) -> None:
        """Give the first factor more digits than a machine word has: else DuckDB wants the product to fit into one.

        Spark and Athena compute in as many digits as the product needs; all of them are exact.
        """
        digits = [left.as_decimal.digits, right.as_decimal.digits]
        if max(digits) <= WORD_DIGITS < sum(digits):
            wide = SqlType("decimal", WORD_DIGITS + 1, left.scale)
            self.findings.changes.append(lambda: product.set("this", exp.Cast(this=product.this, to=wide.sql)))

    def _cast(self, node: exp.Expr) -> SqlType | None:
        wanted = SqlType.of(node.args["to"])
        if wanted is None or (wanted.kind == "date" and isinstance(node.this, exp.Literal)):
            return wanted
        found = self.of(node.this)
        if found is None:
            return None
        if wanted.holds(found) or (wanted.kind == "text" and found.kind in ("int", "bigint")):
            if isinstance(node, exp.TryCast):
                self.findings.changes.append(lambda: node.replace(exp.Cast(this=node.this, to=wanted.sql)))
        elif not self._tried(node, found, wanted):
            return None
        return wanted

    def _tried(self, node: exp.Expr, found: SqlType, wanted: SqlType) -> bool:
        """Tell whether TRY_CAST is right for a cast that may lose something, and make it one that both do alike."""
        fits = wanted.kind in ("bigint", "decimal") and found.kind == "text"
        if not fits and not (wanted.kind == "decimal" and found.is_number):
            self._refuse(node, f"{_shown(node)} casts {found}", "engines read it differently; select it as it is")
            return False
        if not isinstance(node, exp.TryCast):
            self._refuse(node, f"{_shown(node)} casts {found}", "write TRY_CAST: what does not fit becomes NULL")
            return False
        if fits and node.this.find(exp.TryCast):
            self._refuse(node, "TRY_CAST within TRY_CAST", "compute the inner one in a WITH query")
            return False
        if fits:
            self.findings.changes.append(lambda: node.replace(exact_cast(node.this, str(wanted))))
        return True

    def _count(self, node: exp.Expr) -> SqlType:
        counted = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
        self._types([each for each in counted if not isinstance(each, exp.Star)])
        return _BIGINT

    def _sum(self, node: exp.Expr) -> SqlType | None:
        found = self.of(node.this)
        if found is None:
            return None
        if found.kind != "decimal" or found.digits > MAX_DIGITS - SUM_DIGITS:
            most = MAX_DIGITS - SUM_DIGITS
            fix = f"engines overflow differently; CAST it to at most decimal({most}, s), a bigint to decimal(19, 0)"
            self._refuse(node, f"{_shown(node)} of {found}", fix)
            return None
        total = SqlType("decimal", found.digits + SUM_DIGITS, found.scale)
        return total if isinstance(node.parent, exp.Window) else self._pinned(node, total)

    def _extreme(self, node: exp.Expr) -> SqlType | None:
        found = self.of(node.this)
        if found is not None and found.kind in ("boolean", "null"):
            self._refuse(node, f"{_shown(node)} of {found}", "use it on text, numbers, dates and points in time")
            return None
        return found

    def _window(self, node: exp.Expr) -> SqlType | None:
        order = node.args.get("order")
        terms = [*(node.args.get("partition_by") or []), *(term.this for term in (order.expressions if order else []))]
        self._types(terms)
        found = self.of(node.this)
        return None if found is None else self._pinned(node, found)

    _FINDERS: ClassVar[dict[type[exp.Expr], Callable[[Expressions, exp.Expr], SqlType | None]]] = {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Boolean: lambda *_: _BOOLEAN,
        exp.Null: lambda *_: _NULL,
        exp.Paren: _inner,
        **dict.fromkeys((exp.And, exp.Or, exp.Not), _connector),
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between), _comparison),
        exp.Is: _is,
        exp.Like: _like,
        **dict.fromkeys((exp.DPipe, exp.Substring, exp.Length), _text),
        **dict.fromkeys((exp.Year, exp.Quarter, exp.Month, exp.Day), _date_part),
        exp.Case: _case,
        exp.Coalesce: _coalesce,
        exp.Nullif: _nullif,
        exp.Neg: _negated,
        **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), _arithmetic),
        **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
        exp.Count: _count,
        exp.Sum: _sum,
        **dict.fromkeys((exp.Min, exp.Max), _extreme),
        exp.Window: _window,
        **dict.fromkeys((exp.RowNumber, exp.Rank, exp.DenseRank), lambda *_: _BIGINT),
    }


def _put_cast(node: exp.Expr, kind: SqlType) -> None:
    if isinstance(node, exp.Cast) and node.to == kind.sql:
        return
    cast = exp.Cast(this=exp.Null(), to=kind.sql)
    node.replace(cast)
    cast.set("this", node)


def _shown(node: exp.Expr) -> str:
    return shortened(node.sql(dialect="athena", comments=False))


def _hint(parts: Sequence[exp.Expr], types: Sequence[SqlType]) -> str:
    if {each.kind for each in types} == {"date", "text"} and any(isinstance(part, exp.Literal) for part in parts):
        return "write the date as DATE 'yyyy-mm-dd'"
    return _COMPARED
