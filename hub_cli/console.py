"""What the commands share of their looks: plain text without a terminal, colours and tables with one."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wider than any line: nothing is broken or cut in a file or a pipe.
PLAIN_WIDTH = 1_000_000


def make_console(*, to_standard_error: bool = False) -> Console:
    """Return a console; lines are not broken when the output goes to a file."""
    console = Console(stderr=to_standard_error)
    if not console.is_terminal:
        console = Console(stderr=to_standard_error, width=PLAIN_WIDTH, soft_wrap=True)
    return console


def printable(text: str) -> str:
    """Return text without characters that would steer the terminal: they are shown as Python writes them."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def make_table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table without lines; columns named in ``right`` are aligned to the right."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    aligned = set(right)
    for column in columns:
        table.add_column(column, justify="right" if column in aligned else "left", no_wrap=column in aligned)
    return table


def rejects_table(rejects: Iterable[tuple[str, Mapping[str, Any]]]) -> Table:
    """Return rejects (file and row of the rejects table) as lines of ``file:line``, column and reason."""
    table = make_table("where", "column", "reason")
    for file, reject in rejects:
        column = reject["column_name"] or "(row)"
        table.add_row(Text(f"{file}:{reject['source_line']}"), Text(column), Text(reject["reason"]))
    return table


def print_problems(console: Console, place: str, problems: str) -> None:
    """Print what is wrong with a file, a line each."""
    console.print(f"✘ {place}", style="bold red", markup=False)
    for line in problems.splitlines():
        console.print(f"  {line}", markup=False, highlight=False)
