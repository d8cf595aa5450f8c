"""The rows of the table that compete for one number of a report, and which of them wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, BooleanExpression, EqualTo
from pyiceberg.table import Table as IcebergTable

from data_hub import lineage
from data_hub.errors import DataHubError
from data_hub.pipelines.report_columns import ITEM, SERIES, VALUE
from data_hub.traces.reported_item import ReportedItem

_COLUMNS = {
    "series": SERIES,
    "aod": "aod",
    "rssdid": "rssdid",
    "submission_ts": "submission_ts",
    "item": ITEM,
    "value": VALUE,
    "ingest_ts": lineage.INGEST_TS,
    "source_file": lineage.SOURCE_FILE,
    "source_line": lineage.SOURCE_LINE,
    "ingested_at": lineage.INGESTED_AT,
}


@dataclass(frozen=True)
class ReportedRow:
    """A row of the table: a value that was reported for an item, and where it came from."""

    series: str
    aod: date
    rssdid: int
    submission_ts: datetime
    item: str
    value: str | None
    ingest_ts: int
    source_file: str
    source_line: int
    ingested_at: datetime
    context: Mapping[str, str]

    @property
    def precedence(self) -> tuple[int, str, int]:
        """Which of the rows of one submission the report shows: that with the greatest; as in report_view."""
        return (self.ingest_ts, self.source_file, self.source_line)

    def why_beaten_by(self, winner: "ReportedRow") -> str:
        """Return why another row of the same report, item and context is the number."""
        if self.submission_ts != winner.submission_ts:
            return "earlier submission"
        if self.ingest_ts != winner.ingest_ts:
            return f"same submission, delivered earlier (ingest_ts {self.ingest_ts} < {winner.ingest_ts})"
        if self.source_file != winner.source_file:
            return "same submission and ingest_ts, the greater source_file counts"
        return "same submission and file, the later line counts"


@dataclass(frozen=True)
class Contest:
    """The rows of one series, as-of date, RSSD id, item and context.

    Attributes:
        winner: the number that the latest submission reports.
        beaten: the others, from the next best down.
    """

    winner: ReportedRow
    beaten: Sequence[ReportedRow]

    def rival_of(self, row: ReportedRow) -> ReportedRow:
        """Return the row that beat another one: the best of its submission or, if it is that itself, the winner."""
        best = next(other for other in (self.winner, *self.beaten) if other.submission_ts == row.submission_ts)
        return self.winner if row is best else best

    def is_shown(self, row: ReportedRow) -> bool:
        """Tell whether a report view shows a row: each submission has its own row there, with its best value."""
        return row is self.winner or self.rival_of(row).submission_ts != row.submission_ts


def read(table: IcebergTable, item: ReportedItem, rssdid: str, aod: str | None) -> list[ReportedRow]:
    """Read all rows that report an item of an institution.

    Args:
        table: the table below the view.
        item: the item.
        rssdid: RSSD id of the institution.
        aod: as-of date, yyyy-mm-dd or yyyymmdd; None for all.

    Raises:
        DataHubError: an argument does not fit its column.
    """
    wanted: list[BooleanExpression] = [EqualTo(term="rssdid", value=rssdid)]
    if aod is not None:
        wanted.append(EqualTo(term="aod", value=_with_dashes(aod)))
    if item.series is not None:
        wanted += [EqualTo(term=SERIES, value=item.series), EqualTo(term=ITEM, value=item.item)]
    selected = tuple({*_COLUMNS.values(), *item.contexts})
    try:
        rows = table.scan(row_filter=_all(wanted), selected_fields=selected).to_arrow()
    except ValueError as error:
        raise DataHubError(
            f"RSSD id '{rssdid}'{f' or as-of date {aod!r}' if aod else ''} does not fit its column: {error}"
        ) from error
    if item.series is None:
        rows = _of_item(rows, item.item)
    return [_row(row, item.contexts) for row in rows.to_pylist()]


def contests(rows: Sequence[ReportedRow]) -> list[Contest]:
    """Group rows by series, as-of date and context, and find the winner of each group."""
    groups: dict[tuple[object, ...], list[ReportedRow]] = {}
    for row in rows:
        groups.setdefault((row.series, row.aod, tuple(sorted(row.context.items()))), []).append(row)
    found = []
    for _, group in sorted(groups.items(), key=lambda item: item[0]):
        winner, *beaten = sorted(group, key=lambda row: (row.submission_ts, row.precedence), reverse=True)
        found.append(Contest(winner, beaten))
    return found


def _row(row: Mapping[str, object], contexts: Sequence[str]) -> ReportedRow:
    values = {field.name: row[_COLUMNS[field.name]] for field in fields(ReportedRow) if field.name != "context"}
    context = {name: str(row[name]) for name in contexts if row[name] is not None}
    return ReportedRow(**values, context=context)  # type: ignore[arg-type]


def _of_item(rows: pa.Table, item: str) -> pa.Table:
    exactly = rows.filter(pc.equal(rows[ITEM], item))
    return exactly if len(exactly) else rows.filter(pc.equal(pc.utf8_lower(rows[ITEM]), item.lower()))


def _all(wanted: Sequence[BooleanExpression]) -> BooleanExpression:
    first, *others = wanted
    return And(first, *others) if others else first


def _with_dashes(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 and day.isdigit() else day
