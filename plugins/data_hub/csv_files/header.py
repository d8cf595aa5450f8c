"""The header of a CSV file, held against the contract."""

import json
from collections import Counter
from dataclasses import dataclass

from data_hub.csv_files.dialect import Dialect
from data_hub.csv_files.rejects import FileRejected
from data_hub.pipelines.pipeline import Column, Csv, Table
from data_hub.wording import shortened

# As JSON: the name stands in every row that holds the column, and must not make more text of them than Arrow takes.
MAX_NAME_BYTES = 400


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


def read(record: bytes, table: Table, csv: Csv) -> Header:
    """Read a header.

    Names may stand in any order, in upper or lower case, with blanks around them, and be aliases.

    Args:
        record: the file's first record, without its line end.
        table: the table with the contract's columns.
        csv: how the text is to be read. In a wide file all columns but the contract's own are items.

    Raises:
        FileRejected: the record is no header of this contract; the text says which column is missing or doubled.
    """
    columns = {name: column for name, column in table.columns.items() if name not in _of_items(csv)}
    known = {alias.lower(): name for name, column in columns.items() for alias in (name, *column.aliases)}
    found = [name.strip() for name in Dialect(csv).header_fields(_decoded(record))]
    if not any(name.lower() in known for name in found):
        raise FileRejected(_describe_no_header(found, columns, csv.delimiter))
    _require_short(found)
    names = tuple(known.get(name.lower(), f"?{name}") for name in found)
    doubled = [
        name.removeprefix("?") or "(a column without a name)" for name, count in Counter(names).items() if count > 1
    ]
    if doubled:
        raise FileRejected(f"the header names {shortened(', '.join(doubled))} more than once; keep one column of each")
    missing = [name for name, column in columns.items() if column.required and name not in names]
    if missing:
        raise FileRejected(f"the header lacks the required columns {', '.join(missing)}")
    header = Header(names)
    if csv.layout == "wide":
        _require_items(header)
    return header


def _require_short(names: list[str]) -> None:
    for name in names:
        if len(json.dumps(name, ensure_ascii=False).encode()) > MAX_NAME_BYTES:
            raise FileRejected(
                f"the header (line 1) has a name of {len(name):,} characters ('{shortened(name)}'); is it a CSV file? "
                f"A name has at most {MAX_NAME_BYTES} bytes"
            )


def _of_items(csv: Csv) -> set[str | None]:
    return {csv.item_column, csv.value_column} if csv.layout == "wide" else set()


def _require_items(header: Header) -> None:
    if not header.unknown:
        raise FileRejected("the header names no item; a wide file has a column for each item besides the key columns")
    if "" in header.unknown.values():
        raise FileRejected("the header has a column without a name; a wide file's column needs the name of its item")


def _describe_no_header(found: list[str], columns: dict[str, Column], delimiter: str) -> str:
    shown = shortened(",".join(found), 40)
    first = ", ".join([*list(columns)[:3], *["..."] * (len(columns) > 3)])
    separator = "commas" if delimiter == "," else f"'{delimiter}'"
    hint = f"; are its fields separated by {separator}?" if len(found) == 1 else ""
    if "\0" in shown:
        hint = "; is the file UTF-16? Say so in source.csv.encoding"
    return f"no header: line 1 ('{shown}') names none of the contract's {len(columns)} columns ({first}){hint}"


def _decoded(record: bytes) -> str:
    if record.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRejected("the file is UTF-16; save it as UTF-8, or set source.csv.encoding to utf-16")
    if record.startswith(b"\x1f\x8b"):
        raise FileRejected("the file is compressed by gzip; give it a name that ends with .gz")
    try:
        return record.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = record[error.start]
        raise FileRejected(
            f"the header (line 1): byte 0x{byte:02x} is not UTF-8; save the file as UTF-8, or set source.csv.encoding"
        ) from error
