"""Random queries of the subset of view files, and random rows for their tables."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

from data_hub.iceberg.tables import with_ids
from data_hub.sql_views.base_table import base_table

_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMAS = {
    "rows": pa.schema(
        [
            ("aod", pa.date32()),
            ("rssdid", pa.int64()),
            ("sent", _MOMENT),
            ("item", pa.string()),
            ("value", pa.string()),
            ("ok", pa.bool_()),
            ("amount", pa.decimal128(12, 2)),
            ("line", pa.int64()),
        ]
    ),
    "other": pa.schema([("rssdid", pa.int64()), ("name", pa.string()), ("rate", pa.decimal128(10, 6))]),
}
TABLES = {name: base_table("hub", name, f"arn:{name}", with_ids(schema)) for name, schema in SCHEMAS.items()}

_numbers = ["5", "-1.50", "0", "00.10", "1e3", " 7", "+3", "1.", ".5", "1,000", "NaN", "Infinity", "-", "1-1", "٣"]
_numbers += ["9" * 19, "9" * 40, "1\n", "0." + "1" * 40, "1.005", "2025-12-31", "-0"]
_plain = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=3)
_value = st.none() | st.sampled_from([*_numbers, "", "a", "A", "ab", "a%", "é", "😀b", "ß"]) | _plain
_whole = st.none() | st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63)])


def _decimal(digits: int, scale: int) -> st.SearchStrategy[Decimal | None]:
    most = 10**digits - 1
    numbers = st.integers(-most, most) | st.integers(-200, 200)
    return st.none() | numbers.map(lambda number: Decimal(number).scaleb(-scale))


ROWS = {
    "rows": st.lists(
        st.fixed_dictionaries(
            {
                "aod": st.none() | st.sampled_from([date(2025, 12, 31), date(2024, 2, 29), date(1, 1, 1)]),
                "rssdid": _whole,
                "sent": st.none() | st.sampled_from([datetime(2026, 3, 8, hour, 30, tzinfo=UTC) for hour in (2, 7)]),
                "item": st.none() | st.sampled_from(["a", "b"]),
                "value": _value,
                "ok": st.none() | st.booleans(),
                "amount": _decimal(12, 2),
                "line": st.integers(1, 4),
            }
        ),
        min_size=4,
        max_size=10,
    ),
    "other": st.lists(
        st.fixed_dictionaries({"rssdid": _whole, "name": _value, "rate": _decimal(10, 6)}),
        min_size=1,
        max_size=3,
    ),
}

_text_literal = st.sampled_from(["'a'", "''", "'it''s'", "'\"`'", "'; --'", "'é😀'", "'/* */'", "'%'"])
_text = st.sampled_from(["r.item", "r.value"]) | _text_literal
text = _text | st.one_of(
    st.builds("SUBSTR({}, {}, {})".format, _text, st.integers(1, 3), st.integers(1, 2)),
    st.builds("{} || {}".format, _text, _text),
    st.builds("COALESCE({}, {})".format, _text, _text),
    st.builds("NULLIF({}, {})".format, _text, _text),
    st.builds("CASE WHEN r.ok THEN {} ELSE NULL END".format, _text),
    st.builds("CASE r.line WHEN 1 THEN {} WHEN 2 THEN {} END".format, _text, _text),
    st.just("CAST(r.rssdid AS varchar)"),
)
_whole_column = st.sampled_from(["r.rssdid", "r.line", "1", "-2", "5000000000"])
whole = _whole_column | st.one_of(
    st.builds("LENGTH({})".format, text),
    st.builds("{}(r.aod)".format, st.sampled_from(["YEAR", "QUARTER", "MONTH", "DAY"])),
    st.builds("TRY_CAST({} AS bigint)".format, text),
    st.builds("COALESCE({}, {})".format, _whole_column, _whole_column),
)
decimals = st.one_of(
    st.sampled_from(["r.amount", "-r.amount", "1.50", ".5", "-0.25", "CAST(r.line AS decimal(19, 0))"]),
    st.builds("TRY_CAST({} AS decimal({}))".format, text, st.sampled_from(["5, 2", "38, 6", "3, 3", "10, 0"])),
    st.builds("TRY_CAST(r.amount AS decimal({}))".format, st.sampled_from(["5, 1", "10, 0", "4, 4"])),
    st.builds("TRY_CAST(r.rssdid AS decimal({}))".format, st.sampled_from(["5, 1", "19, 0", "4, 4"])),
    st.builds("r.amount {} {}".format, st.sampled_from("+-*"), st.sampled_from(["2", "0.5", "r.amount", "r.line"])),
    st.just("(r.amount - 1) * (r.amount + 0.001)"),
)
dates = st.sampled_from(["r.aod", "DATE '2025-12-31'", "COALESCE(r.aod, DATE '2024-02-29')"])
_compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_conditions = st.one_of(
    st.just("r.ok"),
    st.just("r.sent < r.sent"),
    st.builds("{} IS {}NULL".format, text | whole | decimals | dates, st.sampled_from(["", "NOT "])),
    *(st.builds("{} {} {}".format, kind, _compare, kind) for kind in (text, whole, dates)),
    st.builds("r.amount {} {}".format, _compare, st.sampled_from(["1", "0.005", "r.line", "-r.amount"])),
    st.builds("{} {}BETWEEN {} AND {}".format, text, st.sampled_from(["", "NOT "]), text, text),
    st.builds("{} {}IN ({}, {})".format, whole, st.sampled_from(["", "NOT "]), whole, whole),
    st.builds(
        "{} {}LIKE '{}'".format, text, st.sampled_from(["", "NOT "]), st.sampled_from(["a%", "%", "_", "é_", "%.%"])
    ),
)
conditions = st.one_of(
    _conditions,
    st.builds("{} {} {}".format, _conditions, st.sampled_from(["AND", "OR"]), _conditions),
    st.builds("NOT ({})".format, _conditions),
    st.builds("({}) = ({})".format, _conditions, _conditions),
)
_filters = st.just("TRUE") | conditions
_columns = st.tuples(text, whole, decimals, dates, conditions).map(
    "{0[0]} AS a, {0[1]} AS b, {0[2]} AS c, {0[3]} AS d, {0[4]} AS e".format
)
_joins = st.one_of(
    st.just("rows AS r"),
    st.builds("rows r {}JOIN other AS o ON r.rssdid = o.rssdid".format, st.sampled_from(["", "LEFT ", "FULL OUTER "])),
    st.builds("other o RIGHT JOIN rows r ON r.rssdid = o.rssdid AND {}".format, _filters),
    st.just("rows r CROSS JOIN (SELECT rssdid AS other_rssdid FROM other WHERE rate > 0) AS o"),
)
_plain_queries = st.builds(
    "SELECT {}{} FROM {} WHERE {}".format, st.sampled_from(["", "DISTINCT "]), _columns, _joins, _filters
)
_grouped = st.builds(
    "SELECT r.item, r.ok, COUNT(*) AS a, COUNT(DISTINCT {}) AS b, SUM({}) AS c, MIN({}) AS d, MAX({}) AS e, "
    "MAX(r.sent) AS f FROM {} GROUP BY r.item, r.ok HAVING COUNT({}) > 0".format,
    text,
    st.sampled_from(["r.amount", "r.amount * 2", "CAST(r.rssdid AS decimal(19, 0))"]),
    text,
    dates,
    _joins,
    whole,
)
_orders = st.sampled_from(["r.value", "r.amount DESC", "r.aod NULLS FIRST", "r.sent DESC NULLS FIRST", "r.ok, r.line"])
_windows = st.builds(
    "SELECT r.*, RANK() OVER (PARTITION BY r.item ORDER BY {0}) AS a, DENSE_RANK() OVER (ORDER BY {0}) AS b, "
    "SUM(r.amount) OVER (PARTITION BY r.item ORDER BY {0}) AS c, COUNT(*) OVER (PARTITION BY r.ok) AS d "
    "FROM rows r WHERE {1}".format,
    _orders,
    _filters,
)
_numbered = st.builds(
    "SELECT x.value, x.line FROM (SELECT value, line, item, ROW_NUMBER() OVER (PARTITION BY item ORDER BY line DESC, "
    "value{}) AS n FROM rows r WHERE {}) x WHERE x.n = 1".format,
    st.sampled_from(["", " DESC", " NULLS FIRST"]),
    _filters,
)
queries = st.one_of(
    _plain_queries,
    _grouped,
    _windows,
    _numbered,
    st.builds("WITH q AS ({}) SELECT * FROM q UNION ALL SELECT q.* FROM q".format, _plain_queries | _grouped),
)
