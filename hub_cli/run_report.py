"""What ``hub run`` prints at the end: every row accounted for, the rejects, the views, what to do next."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath

from rich.console import Console
from rich.text import Text
from sqlglot import exp

from data_hub.csv_files.rejects import ALONG_WITH_FILE
from data_hub.ledgers.ledger_entry import AWAITING_CORRECTION, LedgerEntry
from data_hub.pipelines.pipeline import Pipeline
from hub_cli import correction, view_remarks
from hub_cli.console import make_table, rejects_table
from hub_cli.locations import RUN_LOG, shown
from hub_cli.outcome import Outcome
from local_aws.athena import Athena

SHOWN_REJECTS = 5
SHOWN_FILES = 20


def print_report(console: Console, outcome: Outcome, pipeline: Pipeline, athena: Athena) -> None:
    """Print files, rejects and views of a run."""
    names = _short_names([entry.key for entry in outcome.ledger])
    if outcome.ledger:
        _print_files(console, outcome.ledger, names)
    if outcome.tables and (rejects := outcome.tables.get(pipeline.table.rejects_name)) and rejects.rows:
        _print_rejects(console, pipeline, athena, names, rejects.rows)
    if outcome.views:
        _print_views(console, outcome)
        _print_correction(console, outcome, athena)


def print_end(console: Console, outcome: Outcome, *, is_sample: bool) -> None:
    """Print how the run ended and what to try next."""
    console.print()
    done = outcome.state == "success"
    if outcome.error:
        console.print(Text(f"✘ {outcome.error}", style="red"))
    headline = f"{'Done' if done else 'Failed'} in {outcome.seconds:.0f} s"
    if done and outcome.upload_to_views:
        headline += f", in the views {outcome.upload_to_views:.0f} s after the upload"
    console.print(Text(f"{headline}. Log: {shown(RUN_LOG)}", style="bold green" if done else "bold red"))
    if any(entry.status in AWAITING_CORRECTION for entry in outcome.ledger):
        console.print("Next\n  ./hub check FILE         until it finds nothing more, then ./hub run FILE")
    if not done or not is_sample:
        return
    console.print("Next")
    for command, purpose in (
        ("./hub run YOUR.csv", "your own file"),
        ("./hub check YOUR.csv", "what of it would be rejected, without running anything"),
        ('./hub sql "SELECT ..."', "ask the tables and views"),
        ("./hub views", "what the views hold and leave out; docs/views.md: your own"),
        ("docs/pipelines.md", "your own pipeline"),
    ):
        console.print(Text(f"  {command:<24} {purpose}"))


def _print_files(console: Console, ledger: Sequence[LedgerEntry], names: dict[str, str]) -> None:
    console.print("\n[bold]Every row accounted for[/bold]")
    table = make_table("file", "read", "= ingested", "+ rejected", "", right=("read", "= ingested", "+ rejected"))
    ledger = sorted(ledger, key=lambda entry: (entry.status not in AWAITING_CORRECTION, entry.key))
    for entry in ledger[:SHOWN_FILES]:
        table.add_row(names[entry.key], *_counts([entry]), _remark(entry))
    if len(ledger) > SHOWN_FILES:
        table.add_row(f"… {len(ledger) - SHOWN_FILES:,} more", *_counts(ledger[SHOWN_FILES:]), "")
    table.add_row("", *_counts(ledger), Text("✔" if _adds_up(ledger) else "✘ does not add up", style="bold"))
    console.print(table)


def _counts(entries: Sequence[LedgerEntry]) -> tuple[str, str, str]:
    return (
        f"{sum(entry.rows_read for entry in entries):,}",
        f"{sum(entry.rows_ingested for entry in entries):,}",
        f"{sum(entry.rows_rejected for entry in entries):,}",
    )


def _adds_up(ledger: Sequence[LedgerEntry]) -> bool:
    return all(entry.rows_read == entry.rows_ingested + entry.rows_rejected for entry in ledger)


def _remark(entry: LedgerEntry) -> Text:
    if entry.status == "ingested":
        return Text("")
    return Text(entry.status, style="red" if entry.status in AWAITING_CORRECTION else "")


def _print_rejects(console: Console, pipeline: Pipeline, athena: Athena, names: dict[str, str], count: int) -> None:
    table = pipeline.table.rejects_name
    first = exp.select("source_file", "source_line", "column_name", "reason", "raw_text").from_(table)
    # Rows that are only rejected along with their file come last.
    first = first.order_by(f"reason = '{ALONG_WITH_FILE}'", "source_file", "source_line").limit(SHOWN_REJECTS)
    rows = athena.query(first.sql("athena")).to_pylist()
    console.print("\n[bold]Rejected rows[/bold]")
    console.print(rejects_table((names.get(row["source_file"], row["source_file"]), row) for row in rows))
    more = f"… {count - len(rows):,} more: " if count > len(rows) else "With their text: "
    columns = "source_file, source_line, reason, raw_text"
    console.print(Text(f'{more}./hub sql "SELECT {columns} FROM {table}"'))  # noqa: S608  (shown, not run)


def _print_views(console: Console, outcome: Outcome) -> None:
    console.print("\n[bold]Views, with a Spark and an Athena text each[/bold]")
    table = make_table("view", "rows", "columns", "check", right=("rows", "columns"))
    for view in outcome.views:
        rows = view_remarks.rows(outcome.view_rows.get(view.name))
        table.add_row(view.name, rows, f"{len(view.columns):,}", view_remarks.mark(view))
    console.print(table)
    view_remarks.print_remarks(console, outcome.views)


def _print_correction(console: Console, outcome: Outcome, athena: Athena) -> None:
    for view in outcome.views:
        is_plain_report = view.name.endswith("_report_view") and not any(c.startswith("context_") for c in view.columns)
        found = correction.find(athena, view.name) if is_plain_report else None
        if found is None:
            continue
        console.print(f"\n[bold]{view.name}[/bold], a corrected report")
        table = make_table(*found.columns, "", right=found.columns[2:])
        for position, row in enumerate(found.rows):
            table.add_row(*map(_shown, row), "← corrected" if position == len(found.rows) - 1 else "")
        console.print(table)
        return


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)


def _short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return keys without their folders where that still tells them apart."""
    counts = Counter(PurePosixPath(key).name for key in keys)
    return {key: name if counts[name := PurePosixPath(key).name] == 1 else key for key in keys}
