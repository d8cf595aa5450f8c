"""The rows of a report view in which a correction shows."""

from dataclasses import dataclass

from sqlglot import exp

from local_aws.athena import Athena

KEYS = ("aod", "rssdid", "submission_ts")
SHOWN_ITEMS = 3


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
    source = exp.to_table(view).sql("athena")
    corrected = athena.query(
        f"SELECT aod, rssdid FROM {source} GROUP BY aod, rssdid "  # noqa: S608  (the view's name, quoted)
        "HAVING COUNT(DISTINCT submission_ts) > 1 ORDER BY aod DESC, rssdid LIMIT 1"
    ).to_pylist()
    if not corrected:
        return None
    report = athena.query(
        f"SELECT * FROM {source} WHERE aod = DATE '{corrected[0]['aod']}' "  # noqa: S608
        f"AND rssdid = {corrected[0]['rssdid']} ORDER BY submission_ts"
    )
    items = [name for name in report.column_names if name not in KEYS]
    items.sort(key=lambda name: len(set(report[name].to_pylist())) == 1)
    columns = [*KEYS, *items[:SHOWN_ITEMS]]
    return Correction(columns, [tuple(row.values()) for row in report.select(columns).to_pylist()])
