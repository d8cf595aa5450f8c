"""From a number in a report back to the line of the object that it came from, and what it beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers.ledger import Ledger, load
from data_hub.ledgers.ledger_entry import INGESTED, REJECTED, SUPERSEDED, WITHDRAWN, LedgerEntry
from data_hub.ledgers.superseded import content_of
from data_hub.pipelines.report_columns import REPORT_COLUMNS
from data_hub.traces import reported_item, reported_rows, source_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pyiceberg.table import Table as IcebergTable

    from data_hub.pipelines.deployment import Deployment
    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.traces.reported_item import ReportedItem
    from data_hub.traces.reported_rows import Contest, ReportedRow
    from data_hub.traces.source_text import SourceText


@dataclass(frozen=True)
class Number:
    """One number and where it came from.

    Attributes:
        contest: the row, and the rows that it beat.
        ingested: the ledger entry of the commit that put its object's content into the table; None when the ledger
            does not know it.
        text: the line as it stands in the object.
        others: what the ledger says of other contents of the same key: superseded, withdrawn or rejected.
    """

    contest: Contest
    ingested: LedgerEntry | None
    text: SourceText
    others: Sequence[LedgerEntry]

    @property
    def row(self) -> ReportedRow:
        """The row that the report shows."""
        return self.contest.winner


@dataclass(frozen=True)
class Trace:
    """What was found.

    Attributes:
        item: the item and its view.
        bucket: where the objects arrived.
        aod: the as-of date that was traced.
        other_aods: other as-of dates for which the institution reported the item.
        numbers: one for each context of the item, as a rule a single one.
    """

    item: ReportedItem
    bucket: str
    aod: date
    other_aods: Sequence[date]
    numbers: Sequence[Number]


def trace(
    pipeline: Pipeline, deployment: Deployment, view: str, rssdid: str, item: str, aod: str | None = None
) -> Trace:
    """Trace the number that a view shows for an item of an institution.

    Args:
        pipeline: whose view it is.
        deployment: where it is.
        view: the unified view, or the report view of a series.
        rssdid: RSSD id of the institution.
        item: MDRM item code.
        aod: as-of date, yyyy-mm-dd or yyyymmdd; by default the latest.

    Raises:
        DataHubError: there is no such view, item or row.
        ClientError: AWS could not answer.
    """
    table = _table(pipeline, deployment)
    wanted = reported_item.find(boto3.client("glue"), deployment.database, pipeline, view, item)
    rows = reported_rows.read(table, wanted, rssdid, None)
    aods = sorted({row.aod for row in rows})
    if not aods:
        raise DataHubError(f"View {wanted.view} shows no {wanted.item} of RSSD id {rssdid}")
    chosen = aods[-1]
    if aod is not None:
        rows_of_day = reported_rows.read(table, wanted, rssdid, aod)
        if not rows_of_day:
            shown = ", ".join(map(str, aods[-5:]))
            raise DataHubError(
                f"View {wanted.view} shows no {wanted.item} of RSSD id {rssdid} for {aod}; its latest as-of dates: "
                f"{shown}"
            )
        chosen = rows_of_day[0].aod
    contests = reported_rows.contests([row for row in rows if row.aod == chosen])
    ledger = Ledger.open(open_catalog(), deployment.database, pipeline.table)
    numbers = [_number(contest, ledger, deployment.source_bucket, pipeline) for contest in contests]
    return Trace(wanted, deployment.source_bucket, chosen, [day for day in aods if day != chosen], numbers)


def _table(pipeline: Pipeline, deployment: Deployment) -> IcebergTable:
    table = load(open_catalog(), (deployment.database, pipeline.table.name))
    if table is None:
        raise DataHubError(
            f"Table {deployment.database}.{pipeline.table.name} does not exist yet: run the ingestion of pipeline "
            f"{pipeline.pipeline} first"
        )
    if missing := REPORT_COLUMNS - set(table.schema().column_names):
        raise DataHubError(
            f"Table {pipeline.table.name} holds no reports, it lacks {', '.join(sorted(missing))}: ask ./hub sql for "
            "source_file and source_line of a row"
        )
    return table


def _number(contest: Contest, ledger: Ledger, bucket: str, pipeline: Pipeline) -> Number:
    row = contest.winner
    history = ledger.history(row.source_file)
    content = content_of(history)
    same = [entry for entry in history if content is not None and entry.sha256 == content.sha256]
    ingested = next((entry for entry in reversed(same) if entry.status == INGESTED), None)
    text = source_text.read(bucket, same[::-1], row.source_line, pipeline.source.csv)
    others = [entry for entry in history if entry.status in {SUPERSEDED, WITHDRAWN, REJECTED}]
    return Number(contest, ingested, text, others)
