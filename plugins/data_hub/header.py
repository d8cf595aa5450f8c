"""The header of a CSV file, held against the contract."""

import csv
from collections import Counter
from dataclasses import dataclass

from data_hub.pipeline import Table
from data_hub.rejects import FileRejected
from data_hub.wording import shortened


@dataclass(frozen=True)
class Header:
    """What the columns of one file are.

    Attributes:
        names: a name for each column of the file, in file order: the contract's name for a column it knows, the
            file's own (with ``?`` before it, so that the two never meet) for another.
    """

    names: tuple[str, ...]

    @property
    def unknown(self) -> dict[str, str]:
        """Columns that the contract does not know: their key in ``names`` to their name in the file."""
        return {name: name[1:] for name in self.names if name.startswith("?")}


def read(line: bytes, table: Table) -> Header:
    """Read a header line.

    Names may stand in any order, in upper or lower case, with blanks around them, and be aliases.

    Args:
        line: the file's first line, without its end.
        table: the table with the contract's columns.

    Raises:
        FileRejected: the line is no header of this contract; the text says which column is missing or doubled.
    """
    columns = {alias.lower(): name for name, column in table.columns.items() for alias in (name, *column.aliases)}
    found = [name.strip() for name in _fields(line)]
    if not any(name.lower() in columns for name in found):
        raise FileRejected(_describe_no_header(found, table))
    names = tuple(columns.get(name.lower(), f"?{name}") for name in found)
    doubled = [
        name.removeprefix("?") or "(a column without a name)" for name, count in Counter(names).items() if count > 1
    ]
    if doubled:
        raise FileRejected(f"the header names {', '.join(doubled)} more than once; keep one column of each")
    missing = [name for name, column in table.columns.items() if column.required and name not in names]
    if missing:
        raise FileRejected(f"the header lacks the required columns {', '.join(missing)}")
    return Header(names)


def _describe_no_header(found: list[str], table: Table) -> str:
    shown = shortened(",".join(found), 40)
    first = ", ".join(list(table.columns)[:3])
    hint = "; are its fields separated by commas?" if len(found) == 1 else ""
    return (
        f"no header: line 1 ('{shown}') names none of the contract's {len(table.columns)} columns ({first}, ...){hint}"
    )


def _fields(line: bytes) -> list[str]:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRejected("the file is UTF-16; save it as UTF-8")
    try:
        return next(csv.reader([line.decode("utf-8-sig")], strict=True), [])
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise FileRejected(f"the header (line 1): byte 0x{byte:02x} is not UTF-8; save the file as UTF-8") from error
    except csv.Error as error:
        raise FileRejected(f"the header (line 1) cannot be read: {error}; save the file as CSV") from error
