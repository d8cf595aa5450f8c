"""An answer for people: a table where that fits, else column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from hub_cli.console import make_table, printable
from hub_cli.sql_output import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

SHOWN_ROWS = 100
SHOWN_RECORDS = 10
WIDEST = 1_000_000


def show(console: Console, answer: pa.Table) -> int:
    """Print the first rows of an answer; return how many."""
    rows = _rows(answer.slice(0, SHOWN_ROWS))
    table = _table(answer.schema, rows)
    # Measured in room enough: rich never says that something is wider than the room it has.
    width = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    if width <= console.width:
        console.print(table)
        return len(rows)
    for number, row in enumerate(rows[:SHOWN_RECORDS], 1):
        _print_record(console, number, answer.column_names, row)
    return len(rows[:SHOWN_RECORDS])


def _rows(answer: pa.Table) -> list[list[str]]:
    # By position: two columns of an answer may have the same name.
    columns = [[printable(value or "") for value in texts(column).to_pylist()] for column in answer.columns]
    return [[column[row] for column in columns] for row in range(len(answer))]


def _table(schema: pa.Schema, rows: Sequence[Sequence[str]]) -> Table:
    table = make_table()
    for field in schema:
        is_number = (
            pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        )
        table.add_column(Text(printable(field.name)), justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _print_record(console: Console, number: int, names: Sequence[str], row: Sequence[str]) -> None:
    console.print(f"row {number}", style="dim", highlight=False)
    names = [printable(name) for name in names]
    width = max(map(len, names))
    for name, value in zip(names, row, strict=True):
        console.print(Text(f"  {name:<{width}}  {value}"))
