"""Writes the sample of regulatory collections, the same bytes at every call.

    python examples/generate_collections.py [DIRECTORY]

The item codes are the Federal Reserve's own (Micro Data Reference Manual); institutions and values are invented.
"""

import csv
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

HEADER_V1 = ["seriesid", "aod", "rssdid", "submissionts", "key", "value"]
HEADER_V2 = [
    *("seriesid", "aod", "rssdid", "submission_ts", "item_mdrm", "item_desc", "item_value"),
    *(f"context_level{level}_{part}" for level in (1, 2, 3) for part in ("mdrm", "desc", "value")),
]
Row = list[str]

FRY9C_ITEMS = {
    "BHCK0081": "Noninterest-bearing balances and currency and coin",
    "BHCK0395": "Interest-bearing balances in U.S. offices",
    "BHCK0397": "Interest-bearing balances in foreign offices, Edge and Agreement subsidiaries, and IBFs",
    "BHCK1754": "Held-to-maturity securities, amortized cost",
    "BHCK1773": "Available-for-sale debt securities, fair value",
    "BHCK2122": "Total loans and leases, net of unearned income",
    "BHCK2145": "Premises and fixed assets",
    "BHCK2150": "Other real estate owned",
    "BHCK2160": "Other assets",
    "BHCK2170": "Total assets",
    "BHCK2750": "Other liabilities",
    "BHCK2948": "Total liabilities",
    "BHCK3123": "Allowance for credit losses on loans and leases",
    "BHCK3163": "Goodwill",
    "BHCK3210": "Total bank holding company equity capital",
    "BHCK3230": "Common stock (par value)",
    "BHCK3240": "Surplus, excluding all surplus related to preferred stock",
    "BHCK3247": "Retained earnings",
    "BHCK3545": "Trading assets",
    "BHCK3548": "Trading liabilities",
    "BHCK4073": "Total interest expense",
    "BHCK4074": "Net interest income",
    "BHCK4079": "Total noninterest income",
    "BHCK4093": "Total noninterest expense",
    "BHCK4107": "Total interest income",
    "BHCK4302": "Applicable income taxes",
    "BHCK4340": "Net income",
    "BHCK5369": "Loans and leases held for sale",
    "BHCKB528": "Loans and leases held for investment, net of unearned income",
    "BHCKB530": "Accumulated other comprehensive income",
}
FRY15_ITEMS = [
    *("RISI1773", "RISI2170", "RISI2309", "RISI2948", "RISIFC52", "RISIG506", "RISIJ458", "RISIJA22", "RISIKW01"),
    *("RISIKY47", "RISIKY49", "RISIKY50", "RISILA95", "RISIM334", "RISIM335", "RISIM336", "RISIM337", "RISIM339"),
    *("RISIM340", "RISIM345", "RISIM346", "RISIM349", "RISIM351", "RISIM352", "RISIM353", "RISIM354", "RISIM362"),
    *("RISIM365", "RISIM370", "RISIM376"),
]
FR2004A_ITEMS = {  # caption: codes of the long and the short position
    "U.S. Treasury bills": ("GSWAM438", "GSWAM439"),
    "U.S. Treasury floating-rate notes (FRNs)": ("GSWAN749", "GSWAN756"),
    "U.S. Treasury coupons due in less than or equal to 2 years": ("GSWAM440", "GSWAM441"),
    "U.S. Treasury coupons due in more than 2 years, at most 3": ("GSWAM442", "GSWAM443"),
    "U.S. Treasury coupons due in more than 3 years, at most 6": ("GSWAM444", "GSWAM445"),
    "U.S. Treasury coupons due in more than 6 years, at most 7": ("GSWAM446", "GSWAM447"),
    "U.S. Treasury coupons due in more than 7 years, at most 11": ("GSWAM448", "GSWAM449"),
    "U.S. Treasury coupons due in more than 11 years": ("GSWAM450", "GSWAM451"),
}
INSTITUTIONS = [1_234_567 + 1_111_111 * number for number in range(8)]
QUARTERS = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31)]
WEDNESDAYS = [date(2025, 12, day) for day in (3, 10, 17, 24, 31)]

ARRIVED = 1_770_609_249
CORRECTION_ARRIVED = 1_773_532_800


def main(directory: Path) -> None:
    """Write the four sample files below ``directory``."""
    chance = random.Random(2026)  # noqa: S311  (sample values, not secrets)
    fry9c = list(_fry9c(chance))
    first = directory / f"ingest_ts={ARRIVED}"
    _write(first / "fry9c.csv", HEADER_V2, [*fry9c[:76], *_broken_fry9c(fry9c), *fry9c[76:]])
    _write(first / "fry15.csv", HEADER_V1, _fry15(chance))
    fr2004a = list(_fr2004a(chance))
    _write(first / "fr2004a.csv", HEADER_V2, [*fr2004a[:117], *_broken_fr2004a(fr2004a), *fr2004a[117:]])
    corrected = directory / f"ingest_ts={CORRECTION_ARRIVED}"
    _write(corrected / "fry9c_corrected.csv", HEADER_V2, _correction(fry9c))


def _fry9c(chance: random.Random) -> Iterator[Row]:
    for quarter in QUARTERS:
        for institution in INSTITUTIONS:
            submitted = _submission_ts(quarter, days=32)
            for code, caption in FRY9C_ITEMS.items():
                value = chance.randrange(10_000, 900_000)
                yield _row_v2("FRY9C", quarter, institution, submitted, code, caption, value)


def _fry15(chance: random.Random) -> Iterator[Row]:
    for quarter in QUARTERS:
        for institution in INSTITUTIONS:
            submitted = _submission_ts(quarter, days=39)
            for code in FRY15_ITEMS:
                value = str(chance.randrange(1_000, 5_000_000))
                yield ["FRY15", f"{quarter:%Y%m%d}", str(institution), submitted, code, value]


def _fr2004a(chance: random.Random) -> Iterator[Row]:
    for wednesday in WEDNESDAYS:
        for institution in INSTITUTIONS:
            submitted = _submission_ts(wednesday, days=1)
            for caption, codes in FR2004A_ITEMS.items():
                for side, code in zip(("1", "2"), codes, strict=True):
                    context = [f"GSWA000{side}", f"{'Long' if side == '1' else 'Short'}  {side}", side]
                    value = chance.randrange(100, 40_000)
                    yield _row_v2("FR2004A", wednesday, institution, submitted, code, caption, value, context)


def _row_v2(
    series: str,
    as_of: date,
    institution: int,
    submitted: str,
    code: str,
    caption: str,
    value: int,
    context: Iterable[str] = ("", "", ""),
) -> Row:
    row = [series, f"{as_of:%Y%m%d}", str(institution), submitted, code, caption, str(value), *context]
    return [*row, *[""] * (len(HEADER_V2) - len(row))]


def _broken_fry9c(rows: list[Row]) -> Iterator[Row]:
    yield rows[0][:7]
    yield [*rows[1][:2], "RSSD 1234567", *rows[1][3:]]


def _broken_fr2004a(rows: list[Row]) -> Iterator[Row]:
    yield [rows[0][0], "20261301", *rows[0][2:]]
    yield [*rows[1][:2], "", *rows[1][3:]]
    yield [*rows[2][:3], "2025-12-04", *rows[2][4:]]
    yield [*rows[3], "one field too many"]
    yield [*rows[4][:4], "", *rows[4][5:]]


def _correction(rows: list[Row]) -> Iterator[Row]:
    """The first institution hands in its last quarter again, with other total assets."""
    last = [row for row in rows if row[1] == f"{QUARTERS[-1]:%Y%m%d}" and row[2] == str(INSTITUTIONS[0])]
    for row in last:
        value = str(int(row[6]) + 13_173) if row[4] == "BHCK2170" else row[6]
        yield [*row[:3], str(CORRECTION_ARRIVED - 3600), *row[4:6], value, *row[7:]]


def _submission_ts(as_of: date, days: int) -> str:
    return str(int(datetime(as_of.year, as_of.month, as_of.day, 15, tzinfo=UTC).timestamp()) + days * 86_400)


def _write(path: Path, header: Row, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "collections-data")
