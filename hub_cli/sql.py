"""``hub sql``: Athena's or Spark's SQL on the tables and views of the running local AWS or of the last run."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.dialects import DIALECTS_BY_NAME
from data_hub.wording import counted
from hub_cli import archive, lake, sql_output, sql_statements, sql_table
from hub_cli.console import make_console
from hub_cli.locations import LAST_RUN, LOCAL_AWS, SQL_HISTORY
from local_aws.athena import Athena
from local_aws.deploy import DATABASE
from local_aws.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    from rich.console import Console

    from data_hub.sql_views.dialects import Dialect
    from hub_cli.lake import Data

TABLE = "table"


@dataclass(frozen=True)
class SqlOptions:
    """How ``hub sql`` reads statements and shows answers.

    Attributes:
        dialect: key of DIALECTS_BY_NAME.
        format: TABLE or one of sql_output's; None: by the name of ``output``, else a table.
        output: file for the one answer; None: standard output.
    """

    dialect: str = "athena"
    format: str | None = None
    output: Path | None = None

    def resolved_format(self) -> str:
        """Return the format.

        Raises:
            DataHubError: format and output do not go together.
        """
        suffix = self.output.suffix.removeprefix(".").lower() if self.output else ""
        chosen = self.format or (suffix if suffix in sql_output.FORMATS else TABLE)
        if chosen == TABLE and self.output:
            raise DataHubError(f"{self.output}: give --format csv, json or parquet, or a name that ends so")
        if chosen == "parquet" and not self.output:
            raise DataHubError("Parquet goes to a file: give --output FILE")
        return chosen


def sql(console: Console, statement: str | None, options: SqlOptions) -> None:
    """Run a statement, those of standard input, or those typed at a prompt.

    Raises:
        DataHubError: a statement is wrong (at a prompt that is only told), options do not go together, or there is no
            data yet.
    """
    format_ = options.resolved_format()
    if statement is not None or not sys.stdin.isatty():
        _run(console, sys.stdin.read() if statement is None else statement, options, format_)
        return
    if options.output or not sys.stdout.isatty():
        raise DataHubError('No SQL was given, for example: ./hub sql --output rows.csv "SELECT * FROM ..."')
    _ask(console, DIALECTS_BY_NAME[options.dialect], format_)


def _run(console: Console, text: str, options: SqlOptions, format_: str) -> None:
    statements = sql_statements.split(text, DIALECTS_BY_NAME[options.dialect])
    if not statements:
        raise DataHubError('No SQL was given; try "SHOW TABLES"')
    if format_ != TABLE and len(statements) > 1:
        raise DataHubError(f"{len(statements)} statements were given; --format {format_} takes one answer")
    with lake.open_data() as data:
        for statement in statements:
            answer = _athena(data, DIALECTS_BY_NAME[options.dialect]).query(statement)
            _show(console, answer, data, format_, options.output)


def _ask(console: Console, dialect: Dialect, format_: str) -> None:
    # Only here: the other ways to run a statement need not wait for the import.
    from hub_cli.sql_prompt import SqlPrompt

    prompt = SqlPrompt(dialect, SQL_HISTORY)
    with _Latest() as latest:
        origin = latest.data().origin
        console.print(f"Tables and views {origin}. ; ends a statement, \\q or Ctrl-D the prompt.", highlight=False)
        while True:
            with _told():
                prompt.completer.columns = _athena(latest.data(), dialect).columns()
            if (typed := prompt.ask()) is None:
                return
            for statement in sql_statements.split(typed, dialect):
                with _told():
                    data = latest.data()
                    _show(console, _athena(data, dialect).query(statement), data, format_, None)


class _Latest:
    """The data as it is now: also that of a run that ended, or of a local AWS that was started, since."""

    def __init__(self) -> None:
        self._opened = contextlib.ExitStack()
        self._key: object = None
        self._data: Data | None = None

    def data(self) -> Data:
        """Return the data. Raises like ``lake.open_data``."""
        running = LocalAws.running(LOCAL_AWS)
        key = running.endpoint if running else archive.version(LAST_RUN)
        if self._data is None or key != self._key:
            self._opened.close()
            self._data, self._key = None, key
            self._data = self._opened.enter_context(lake.open_data())
        return self._data

    def __enter__(self) -> _Latest:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def _athena(data: Data, dialect: Dialect) -> Athena:
    return Athena(open_catalog(), data.aws.client("glue"), DATABASE, dialect)


def _show(console: Console, answer: pa.Table, data: Data, format_: str, output: Path | None) -> None:
    if format_ == TABLE:
        shown = sql_table.show(console, answer)
        hidden = f", the first {shown} shown" if shown < len(answer) else ""
        console.print(f"{counted(len(answer), 'row')} {data.origin}{hidden}", highlight=False)
        return
    sql_output.write(answer, format_, output)
    target = f" → {output}" if output else ""
    errors = make_console(to_standard_error=True)
    errors.print(f"{counted(len(answer), 'row')} {data.origin}{target}", highlight=False, markup=False)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Print an error and go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  (whatever it is: the prompt stays)
        name = "" if isinstance(error, DataHubError) else f"{type(error).__name__}: "
        make_console(to_standard_error=True).print(f"✘ {name}{error}", style="bold red", markup=False, highlight=False)
