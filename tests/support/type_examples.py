"""Which text each type of a contract accepts: the table of docs/ingestion.md, and what the tests try."""

from dataclasses import dataclass

from data_hub.pipelines.pipeline import Column


@dataclass(frozen=True)
class TypeExamples:
    """One type in words and examples.

    Attributes:
        type: as in the contract.
        format: of a date or timestamp, else ''.
        grammar: which text is accepted.
        accepted: text, and how Python writes the value that it becomes.
        rejected: text that looks like it, and is not accepted.
    """

    type: str
    format: str
    grammar: str
    accepted: dict[str, str]
    rejected: tuple[str, ...] = ()

    @property
    def column(self) -> Column:
        """A column of this type."""
        return Column(type=self.type, format=self.format or None)


TYPE_EXAMPLES = [
    TypeExamples(
        "string",
        "",
        "any text, kept to the letter",
        {"St. Louis": "St. Louis", " x ": " x ", "NULL": "NULL"},
    ),
    TypeExamples(
        "bigint",
        "",
        "64 bits: an optional minus, 1 to 19 digits",
        {"0": "0", "-7": "-7", "007": "7", "9223372036854775807": "9223372036854775807"},
        ("+1", "1.0", "1e3", " 1", "1,000", "0x1f", "9223372036854775808"),
    ),
    TypeExamples(
        "decimal(38,6)",
        "",
        "an optional minus, up to p-s digits besides leading zeros, a point only before 1 to s digits; never rounded",
        {
            "12": "12.000000",
            "-0.5": "-0.500000",
            "007.25": "7.250000",
            "12345678901234567890123456789012.123456": "12345678901234567890123456789012.123456",
        },
        ("1.23456789", "1.", ".5", "+1", "1e3", "1,000.00", "123456789012345678901234567890123"),
    ),
    TypeExamples(
        "date",
        "yyyymmdd",
        "a day of the calendar from the year 0001 on",
        {"20240229": "2024-02-29"},
        ("20250229", "20251301", "2025-12-31", "251231", "00000101"),
    ),
    TypeExamples(
        "date",
        "yyyy-mm-dd",
        "a day of the calendar from the year 0001 on",
        {"2025-12-31": "2025-12-31"},
        ("2025-02-29", "2025-1-1", "20251231"),
    ),
    TypeExamples(
        "timestamp",
        "epoch_seconds",
        "seconds since 1970 in UTC: 1 to 12 digits, up to the year 9999",
        {"0": "1970-01-01 00:00:00+00:00", "1770609249": "2026-02-09 03:54:09+00:00"},
        ("-1", "1770609249.5", "1770609249000", "2026-02-09"),
    ),
    TypeExamples(
        "timestamp",
        "iso",
        "a day as `yyyy-mm-dd`, `T` or one blank, `hh:mm:ss`, optionally a point and 1 to 6 digits, "
        "optionally `Z` or an offset `+hh:mm` or `-hh:mm`; without one it is UTC; in UTC the years 0001 to 9999",
        {
            "2026-02-09T03:54:09": "2026-02-09 03:54:09+00:00",
            "2026-02-09 03:54:09.25Z": "2026-02-09 03:54:09.250000+00:00",
            "2026-02-09T03:54:09-05:00": "2026-02-09 08:54:09+00:00",
        },
        ("2026-02-09", "2026-02-09T03:54", "2026-02-09T24:00:00", "2026-02-09T03:54:09+0500", "2026-02-30T03:54:09"),
    ),
    TypeExamples(
        "boolean",
        "",
        "`true` or `false`, in upper or lower case",
        {"true": "True", "FALSE": "False"},
        ("1", "0", "yes", "t"),
    ),
]


def markdown() -> str:
    """Return the table of docs/ingestion.md."""
    lines = ["| type | format | grammar | accepted | rejected |", "| --- | --- | --- | --- | --- |"]
    for each in TYPE_EXAMPLES:
        form = f"`{each.format}`" if each.format else ""
        accepted, rejected = (", ".join(f"`{text}`" for text in texts) for texts in (each.accepted, each.rejected))
        lines.append(f"| `{each.type}` | {form} | {each.grammar} | {accepted} | {rejected} |")
    return "\n".join(line.replace("|  |", "| |") for line in lines).replace("|  |", "| |")
