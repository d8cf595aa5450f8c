"""What the views of a table must show, computed row by row from docs/views.md and docs/ingestion.md, without SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fnmatch import fnmatchcase
from typing import Any

Row = dict[str, Any]

LATER = ("ingest_ts", "source_file", "source_line")
REPORT = ("aod", "rssdid", "submission_ts")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset("0123456789")


@dataclass(frozen=True)
class Expected:
    """What a view must show.

    Attributes:
        types: column to Glue type, in order.
        rows: values in the order of the columns; which row comes first is nobody's business.
    """

    types: dict[str, str]
    rows: list[tuple[Any, ...]]


def unified(rows: Sequence[Row], types: dict[str, str]) -> Expected:
    """Every row, every column."""
    return Expected(types, [tuple(row.values()) for row in rows])


def current(rows: Sequence[Row], types: dict[str, str]) -> Expected:
    """The latest submission of each series, as-of date, institution, item and context."""
    contexts = [name for name in types if name.startswith("context_")]
    identity = ("seriesid", "aod", "rssdid", "item_mdrm", *contexts)
    latest = {}
    for row in _in_order(rows, ("submission_ts", *LATER)):
        latest[tuple(row[name] for name in identity)] = row
    return unified(list(latest.values()), types)


def reports(rows: Sequence[Row], types: dict[str, str], patterns: dict[str, str]) -> dict[str, Expected]:
    """The report view of each series that can have one, by name."""
    expected: dict[str, Expected] = {}
    for series in sorted({row["seriesid"] for row in rows if row["seriesid"]}):
        name = f"{series.lower()}_report_view"
        if _is_plain(series) and name not in expected:
            expected[name] = _report([row for row in rows if row["seriesid"] == series], types, patterns)
    return expected


def misfits(rows: Sequence[Row], types: dict[str, str], patterns: dict[str, str]) -> int:
    """How many values of one series the columns of their items cannot hold."""
    wanted = {item: item_type(item, patterns) for item in _columns(rows, (*REPORT, *_contexts(rows, types))).values()}
    reported = [(wanted[row["item_mdrm"]], row["item_value"]) for row in rows if row["item_mdrm"] in wanted]
    return sum(bool(value) and typed(value, type_name) is None for type_name, value in reported)


def _contexts(rows: Sequence[Row], types: dict[str, str]) -> list[str]:
    return [name for name in types if name.startswith("context_") and any(row[name] is not None for row in rows)]


def _columns(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for item in sorted({row["item_mdrm"] or "" for row in rows}):
        if _is_plain(item) and item.lower() not in keys:
            columns.setdefault(item.lower(), item)
    return columns


def _report(rows: Sequence[Row], types: dict[str, str], patterns: dict[str, str]) -> Expected:
    keys = (*REPORT, *_contexts(rows, types))
    columns = _columns(rows, keys)
    wanted = {item: item_type(item, patterns) for item in columns.values()}
    shown: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in _in_order(rows, LATER):
        report = shown.setdefault(tuple(row[key] for key in keys), dict.fromkeys(wanted))
        if row["item_mdrm"] in wanted:
            report[row["item_mdrm"]] = typed(row["item_value"], wanted[row["item_mdrm"]])
    return Expected(
        {key: types[key] for key in keys} | {column: wanted[item] for column, item in columns.items()},
        [(*key, *(report[item] for item in columns.values())) for key, report in shown.items()],
    )


def item_type(item: str, patterns: dict[str, str]) -> str:
    """Return the type of the first pattern that fits; * is the only sign with a meaning, case has none."""
    assert not any(sign in pattern for pattern in patterns for sign in "?[]")
    return next((name for pattern, name in patterns.items() if fnmatchcase(item.lower(), pattern.lower())), "string")


def typed(value: str | None, wanted: str) -> Any:
    """Return a value as its column shows it; None where the type cannot hold what it says."""
    if value is None or wanted == "string":
        return value
    whole, point, fraction = value.removeprefix("-").partition(".")
    if not whole or not set(whole + fraction) <= DIGITS:
        return None
    if wanted == "bigint":
        fits = not point and len(whole) <= 19 and -(2**63) <= int(value) < 2**63
        return int(value) if fits else None
    precision, scale = (int(number) for number in wanted.removeprefix("decimal(").removesuffix(")").split(","))
    has_fraction = 1 <= len(fraction) <= scale if point else True
    if not has_fraction or len(whole.lstrip("0")) > precision - scale:
        return None
    exact = Decimal(value).quantize(Decimal(1).scaleb(-scale), context=Context(prec=99, traps=[Inexact]))
    # SQL has no negative zero.
    return exact or exact.copy_abs()


def _is_plain(name: str) -> bool:
    return bool(name) and name[0] in LETTERS and set(name) <= LETTERS | DIGITS | {"_"}


def _in_order(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    return sorted(rows, key=lambda row: tuple(row[name] for name in columns))
