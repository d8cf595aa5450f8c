"""``hub trace``: from a number in a report back to the line that it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.text import Text

from data_hub.pipelines import pipeline_file
from data_hub.traces import trace as tracing
from data_hub.wording import counted, shortened
from hub_cli import lake, trace_document
from hub_cli.console import make_table
from hub_cli.locations import path_of_pipeline
from local_aws.deploy import deployment_of

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from data_hub.traces.reported_rows import ReportedRow
    from data_hub.traces.trace import Number, Trace

SHOWN_AODS = 5
SHOWN_BEATEN = 20

# The whole line is in what --json prints.
SHOWN_CHARACTERS = 2000


def trace(
    console: Console, view: str, rssdid: str, item: str, aod: str | None, pipeline_name: str, *, as_json: bool
) -> None:
    """Print where a number comes from.

    Args:
        console: where to print.
        view: the view that shows it.
        rssdid: RSSD id of the institution.
        item: MDRM item code.
        aod: as-of date, None for the latest.
        pipeline_name: whose view it is.
        as_json: print one JSON document on standard output, and nothing else there.

    Raises:
        DataHubError: the view shows no such number, or there is no data yet.
    """
    file = path_of_pipeline(pipeline_name)
    pipeline = pipeline_file.load(file)
    with lake.open_data():
        found = tracing.trace(pipeline, deployment_of(file, pipeline), view, rssdid, item, aod)
    if as_json:
        print(json.dumps(trace_document.of(found), indent=2))  # noqa: T201  (the document, whatever the console does)
    else:
        _print(console, found, rssdid)


def _print(console: Console, found: Trace, rssdid: str) -> None:
    headline = f"{found.item.item} of RSSD id {rssdid} as of {found.aod}, in {found.item.view}"
    console.print(Text(headline, style="bold"))
    if found.other_aods:
        days = ", ".join(map(str, found.other_aods[-SHOWN_AODS:]))
        more = "… " if len(found.other_aods) > SHOWN_AODS else ""
        console.print(Text(f"also reported as of {more}{days}; --aod chooses", style="dim"))
    if len(found.numbers) > 1:
        console.print(f"{len(found.numbers)} numbers, told apart by series or context", highlight=False)
    for number in found.numbers:
        _print_number(console, found, number)


def _print_number(console: Console, found: Trace, number: Number) -> None:
    row, entry = number.row, number.ingested
    console.print()
    console.print(Text.assemble((f"  {_value(row)}", "bold green"), f"   {_series(row)}"))
    lines = {
        "submitted": f"{_moment(row.submission_ts)} ({int(row.submission_ts.timestamp())})",
        "object": f"s3://{found.bucket}/{row.source_file}",
        "line": f"{row.source_line:,}",
        "text": "cannot be shown" if number.text.text is None else shortened(number.text.text, SHOWN_CHARACTERS),
        "": f"{'✔' if number.text.state == 'verified' else '⚠'} {number.text.note}",
    }
    if entry:
        lines |= {
            "version": f"{entry.version_id or 'the bucket kept none'}, ETag {entry.etag}, {entry.size:,} bytes",
            "SHA-256": entry.sha256,
            "job run": entry.job_run_id,
            "commit": f"{entry.commit_id}, snapshot {entry.snapshot_id or 'not recorded'}",
        }
    lines["ingested"] = _moment(row.ingested_at)
    for name, value in lines.items():
        console.print(Text(f"  {name:<10} {value}"))
    _print_beaten(console, number)
    _print_others(console, number)


def _print_beaten(console: Console, number: Number) -> None:
    beaten = number.contest.beaten
    if not beaten:
        console.print("\n  It beat nothing: no other row reports this")
        return
    console.print(f"\n  It beat {counted(len(beaten), 'other row')}", highlight=False)
    table = make_table("  value", "submitted", "where", "why", right=("  value",))
    for row in beaten[:SHOWN_BEATEN]:
        shown = "" if number.contest.is_shown(row) else "; in no report view"
        where = f"{row.source_file}:{row.source_line}"
        why = row.why_beaten_by(number.contest.rival_of(row))
        table.add_row(*map(Text, (f"  {_value(row)}", _moment(row.submission_ts), where, f"{why}{shown}")))
    console.print(table)
    if len(beaten) > SHOWN_BEATEN:
        console.print(f"  … {len(beaten) - SHOWN_BEATEN:,} more; --json has all", highlight=False)


def _print_others(console: Console, number: Number) -> None:
    if not number.others:
        return
    console.print("\n  Other contents of the same object, which the ledger knows")
    table = make_table("  status", "rows", "SHA-256", "when", "job run", right=("rows",))
    for entry in number.others:
        told = (f"  {entry.status}", f"{entry.rows_ingested:,}", entry.sha256[:12], _moment(entry.recorded_at))
        table.add_row(*map(Text, (*told, entry.job_run_id)))
    console.print(table)


def _value(row: ReportedRow) -> str:
    return "NULL" if row.value is None else row.value


def _series(row: ReportedRow) -> str:
    context = ", ".join(f"{name.removeprefix('context_')} {value}" for name, value in sorted(row.context.items()))
    return f"{row.series}{f', {context}' if context else ''}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
