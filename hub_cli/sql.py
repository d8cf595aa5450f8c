"""``hub sql``: Athena's SQL on the tables and views of the running local AWS or of the last run."""

from collections.abc import Sequence

import pyarrow as pa
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from data_hub.iceberg.catalog import open_catalog
from data_hub.wording import counted
from hub_cli import lake
from hub_cli.athena import Athena
from hub_cli.console import make_table
from local_aws.deploy import DATABASE

SHOWN_ROWS = 100
SHOWN_RECORDS = 10
WIDEST = 1_000_000


def sql(console: Console, statement: str) -> None:
    """Run a statement and print its rows: a table where that fits, else column by column.

    Raises:
        DataHubError: the statement is wrong, or there is no data yet.
    """
    with lake.open_data() as data:
        answer = Athena(open_catalog(), data.aws.client("glue"), DATABASE).query(statement)
    rows = _texts(answer.slice(0, SHOWN_ROWS))
    table = _table(answer.schema, rows)
    # Measured in room enough: rich never says that something is wider than the room it has.
    width = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    fits = width <= console.width
    if fits:
        console.print(table)
    else:
        rows = rows[:SHOWN_RECORDS]
        for number, row in enumerate(rows, 1):
            _print_record(console, number, answer.column_names, row)
    hidden = f", the first {len(rows)} shown" if len(rows) < len(answer) else ""
    console.print(f"{counted(len(answer), 'row')} {data.origin}{hidden}", highlight=False)


def _texts(answer: pa.Table) -> list[list[str]]:
    # By position: two columns of an answer may have the same name.
    columns = [["" if value is None else str(value) for value in column.to_pylist()] for column in answer.columns]
    return [[column[row] for column in columns] for row in range(len(answer))]


def _table(schema: pa.Schema, rows: Sequence[Sequence[str]]) -> Table:
    table = make_table()
    for field in schema:
        is_number = (
            pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
        )
        table.add_column(Text(field.name), justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _print_record(console: Console, number: int, names: Sequence[str], row: Sequence[str]) -> None:
    console.print(f"row {number}", style="dim", highlight=False)
    width = max(map(len, names))
    for name, value in zip(names, row, strict=True):
        console.print(Text(f"  {name:<{width}}  {value}"))
