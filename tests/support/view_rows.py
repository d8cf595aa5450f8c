"""Rows that make it hard for a view: every kind of value, name, repetition and gap."""

from datetime import UTC, date, datetime
from itertools import count
from random import Random
from typing import Any

import pyarrow as pa
from report_rows import SCHEMA as REPORT_SCHEMA
from report_rows import report_row

PATTERNS = {
    "TEXT*": "string",
    "cnt*": "bigint",
    "SMALL*": "decimal(5,2)",
    "WHOLE*": "decimal(38,0)",
    "PART*": "decimal(10,10)",
    "*LONG*": "decimal(20,4)",
    "*": "decimal(38,6)",
}
SCHEMA = REPORT_SCHEMA.insert(8, pa.field("context_level2_desc", pa.string()))

NUMBERS = (
    "0", "-0", "1", "-1", "007", "-007", "00.50", "1.5", "-1.50", "1.123456", "1.1234567", "123.45", "1234.5", "0.1",
    "0.0000000001", "-0.0000000001", "0.00000000001", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "0" * 18 + "1", "0" * 19 + "1", "9" * 19, "9" * 32,
    "9" * 32 + ".999999", "-" + "9" * 38, "9" * 39, "1234567890" * 4, "0" * 60 + "7", "0" * 60 + ".5",
)  # fmt: skip
NO_NUMBERS = (
    "", " ", " 1 ", "1 ", "\t1", "1\n", "\n1", "1\n2", "1\r\n", "1e5", "1E5", "1.", ".5", ".", "-", "--1", "+5",
    "- 1", "1-", "1,000", "1.2.3", "0x1F", "1f", "1d", "1L", "NaN", "Infinity", "-inf", "NULL", "true",
    "١٢", "\uff11\uff12", "²", "1²", "1\u00a0", "1\u2028", "1\x00", "\x00", "\u22121", "a'b", 'a"b', "a`b", "a\\b",
    "\\", "\\1", "'; DROP TABLE t; --", "${x}", "$1",
    "%", "_", "é", "e\u0301", "😀", "\uffff", "\U0001d7cf", "line\nline", "x" * 10_000, "1" * 10_000,
)  # fmt: skip
VALUES = (*NUMBERS, *NO_NUMBERS)

SERIES = ("FRY9C", "FRY15", "fr2004a", "FR2004A", "Select", "_X", "9X", "fry 9", "a'b", "É", "x`;--", "", None)
TYPED_ITEMS = ("TEXT0001", "CNT1", "SMALL1", "WHOLE1", "PART1", "BHCKLONG2", "BHCK2170")
PLAIN_ITEMS = (
    "bhck2170", "Bhck2170", "RCON9", "SELECT", "from", "item_mdrm", "ITEM_VALUE", "VALUE", "value_bigint", "SERIESID",
    "source_file", "precedence", "RANKED", "reported", "N", "context_level2_desc",
)  # fmt: skip
HOSTILE_ITEMS = ("AOD", "rssdid", "submission_ts", "", None, "a'b", 'a"b', "a`b", "a\\", "1A", "A-B", "A B", "Ä", "A\n")
ITEMS = (*TYPED_ITEMS, *PLAIN_ITEMS, *HOSTILE_ITEMS)

# The first two: an hour that summer time leaves out in Europe's own clocks.
MOMENTS = (
    datetime(2026, 3, 29, 1, 0, 5, 7, UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(1969, 7, 20, 20, 17, tzinfo=UTC),
)
DAYS = (date(2025, 12, 31), date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31), None)
# Their order by bytes is another one than that by UTF-16.
FILES = ("a.csv", "B.csv", "é.csv", "\uffff.csv", "😀.csv", 'it\'s \\ "q".csv')
CONTEXTS = (None, "", "1", "it's")


def whole_table(random: Random, number: int) -> list[dict[str, Any]]:
    """Return random rows, and one for each hostile value in each type of column; no two from one line of a file."""
    every = [
        report_row(rssdid=1000 + number, item_mdrm=item, item_value=value)
        for number, value in enumerate(VALUES)
        for item in TYPED_ITEMS
    ]
    rows = [*(_random_row(random) for _ in range(number)), *every]
    random.shuffle(rows)
    lines = count(2)
    return [dict.fromkeys(SCHEMA.names) | row | {"source_line": next(lines)} for row in rows]


def _random_row(random: Random) -> dict[str, Any]:
    def often_first(*values: Any) -> Any:
        """Draw so that many rows report the same."""
        return random.choice((values[0], values[0], random.choice(values)))

    return report_row(
        seriesid=often_first(*SERIES),
        aod=often_first(*DAYS),
        rssdid=often_first(1, 2, None),
        submission_ts=often_first(*MOMENTS),
        item_mdrm=random.choice((*TYPED_ITEMS, *TYPED_ITEMS, random.choice(ITEMS))),
        item_value=random.choice((None, random.choice(VALUES), _numeral(random), _text(random))),
        context_level1_value=random.choice(CONTEXTS),
        context_level2_desc=often_first(None, "Ä"),
        ingest_ts=often_first(1, 2),
        source_file=often_first(*FILES),
    )


def _numeral(random: Random) -> str:
    whole, fraction = ("".join(random.choices("0123456789", k=random.randrange(most))) for most in (22, 8))
    return random.choice(("", "", "-")) + whole + random.choice(("", "", ".")) + fraction


def _text(random: Random) -> str:
    planes = (range(0x80), range(0x80, 0xD800), range(0xE000, 0x110000))
    return "".join(chr(random.choice(random.choice(planes))) for _ in range(random.randrange(4)))
