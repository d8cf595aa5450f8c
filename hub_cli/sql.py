"""``hub sql``: Athena's SQL on the tables and views of the running local AWS or of the last run."""

from rich.console import Console
from rich.text import Text

from data_hub.catalog import open_catalog
from hub_cli import lake
from hub_cli.athena import Athena
from hub_cli.console import make_table
from local_aws.deploy import DATABASE

SHOWN_ROWS = 100


def sql(console: Console, statement: str) -> None:
    """Run a statement and print its rows.

    Raises:
        DataHubError: the statement is wrong, or there is no data yet.
    """
    with lake.open_data() as data:
        answer = Athena(open_catalog(), data.aws.client("glue"), DATABASE).query(statement)
    numeric = [field.name for field in answer.schema if str(field.type).startswith(("int", "double", "decimal"))]
    table = make_table(*answer.column_names, right=numeric)
    for row in answer.slice(0, SHOWN_ROWS).to_pylist():
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    console.print(table)
    hidden = f", the first {SHOWN_ROWS} shown; add LIMIT or a filter" if len(answer) > SHOWN_ROWS else ""
    console.print(f"{len(answer):,} rows {data.origin}{hidden}", highlight=False)
