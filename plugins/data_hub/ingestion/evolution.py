"""Columns that a file has and the table lacks, where the contract lets the table gain them."""

from collections.abc import Iterable

from pyiceberg.table import Table


class ColumnsMissing(Exception):
    """The table lacks columns that a file brings along; nothing was committed.

    Attributes:
        names: of these columns; they are text.
    """

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


def require_columns(table: Table, names: Iterable[str]) -> None:
    """Check that a table has columns.

    Raises:
        ColumnsMissing: it lacks some.
    """
    if missing := frozenset(names) - {column.name for column in table.schema().fields}:
        raise ColumnsMissing(missing)
