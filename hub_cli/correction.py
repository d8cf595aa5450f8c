"""The rows of a report view in which a correction shows."""

from dataclasses import dataclass

from sqlglot import exp

from local_aws.athena import Athena

KEYS = ("aod", "rssdid", "submission_ts")
SHOWN_ITEMS = 2


@dataclass(frozen=True)
class Correction:
    """A report that was submitted more than once.

    Attributes:
        columns: keys, then items, those that differ between the submissions first.
        rows: a submission each, oldest first.
    """

    columns: list[str]
    rows: list[tuple[object, ...]]


def find(athena: Athena, view: str) -> Correction | None:
    """Return the first corrected report of a report view, None when nothing was corrected."""
    submissions = exp.select("aod", "rssdid").from_(view).group_by("aod", "rssdid")
    corrected = submissions.having("COUNT(DISTINCT submission_ts) > 1").order_by("aod DESC", "rssdid").limit(1)
    found = athena.query(corrected.sql("athena")).to_pylist()
    if not found:
        return None
    same_report = (f"aod = DATE '{found[0]['aod']}'", f"rssdid = {found[0]['rssdid']}")
    report = athena.query(exp.select("*").from_(view).where(*same_report).order_by("submission_ts").sql("athena"))
    items = [name for name in report.column_names if name not in KEYS]
    items.sort(key=lambda name: len(set(report[name].to_pylist())) == 1)
    columns = [*KEYS, *items[:SHOWN_ITEMS]]
    return Correction(columns, [tuple(row.values()) for row in report.select(columns).to_pylist()])
