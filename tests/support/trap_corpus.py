"""Files that engines read differently, wrongly or not at all, with what is to come of each, to the letter."""

import bz2
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa

from data_hub.csv_files.records import NOT_CLOSED
from data_hub.pipelines.pipeline import Csv, Table

TABLE = Table.model_validate(
    {
        "name": "traps",
        "max_reject_ratio": 1.0,
        "columns": {
            "id": {"type": "bigint", "required": True, "aliases": ["number"]},
            "text": {"type": "string"},
            "amount": {"type": "decimal(38,6)"},
        },
    }
)
WIDE_TABLE = Table.model_validate(
    {
        "name": "wide_traps",
        "max_reject_ratio": 1.0,
        "columns": {
            "rssdid": {"type": "bigint", "required": True, "aliases": ["RSSD9001"]},
            "aod": {"type": "date", "format": "yyyymmdd", "required": True, "aliases": ["RSSD9999"]},
            "item_mdrm": {"type": "string", "required": True},
            "item_value": {"type": "bigint"},
        },
    }
)
Row = tuple[object, ...]
Reject = tuple[int, str | None, str, str]
NO_TABLE = (
    "holds more than 200 times its size when decompressed, which no table does; is it the right file? Deliver it "
    "uncompressed if it is"
)


@dataclass(frozen=True)
class Trap:
    """One file and what comes of it.

    Attributes:
        name: what the trap is.
        make: returns the file's bytes.
        rows: source_line, the contract's columns, _rescued_data.
        rejects: source_line, column_name, reason, raw_text.
        rejection: why the whole file is rejected, empty when it is not; no rows and rejects then.
        csv: the pipeline's ``source.csv``.
        file: its name.
        table: its contract.
    """

    name: str
    make: Callable[[], bytes]
    rows: tuple[Row, ...] = ()
    rejects: tuple[Reject, ...] = ()
    rejection: str = ""
    csv: Csv = field(default_factory=Csv)
    file: str = "trap.csv"
    table: Table = TABLE


def trap(name: str, content: str | bytes, *rows: Row, **more: object) -> Trap:
    """Return a trap whose rows need no _rescued_data, and whose content has the usual header."""
    data = content.encode() if isinstance(content, str) else content
    width = len(TABLE.columns) + 2
    return Trap(name, lambda: data, tuple((*row, *[None] * (width - len(row))) for row in rows), **more)  # type: ignore[arg-type]


HEADER = "id,text,amount\n"
MULTILINE = Csv(multiline=True)
D = Decimal
_BIG = "x" * (20 << 20)
_GZ = gzip.compress(f"{HEADER}1,a,2\n".encode(), mtime=0)
_WIDE = "RSSD9001^RSSD9999^BHCK2170^BHCK3210\n"
FRY9C = Csv(
    delimiter="^",
    quoting="none",
    null_tokens=["--------"],
    layout="wide",
    item_column="item_mdrm",
    value_column="item_value",
)

QUOTES = (
    trap("plain", f"{HEADER}1,a,2.5\n", (2, 1, "a", D("2.5"))),
    trap(
        "a line end inside quotes rejects its lines, and reading resumes",
        f'{HEADER}1,"a\r\nb",1\n2,b,\n',
        (4, 2, "b"),
        rejects=((2, None, NOT_CLOSED, '1,"a'), (3, None, "2 fields, expected 3", 'b",1')),
    ),
    trap(
        "a line end inside quotes is kept",
        f'{HEADER}1,"a\r\nb",1\n2,b,\n',
        (2, 1, "a\r\nb", D(1)),
        (4, 2, "b"),
        csv=MULTILINE,
    ),
    trap("nothing and empty quotes", f'{HEADER}1,,1\n2,"",2\n', (2, 1, None, D(1)), (3, 2, "", D(2))),
    trap(
        "ragged",
        f"{HEADER}1,a\n2,b,2,\n3,c,3\n",
        (4, 3, "c", D(3)),
        rejects=((2, None, "2 fields, expected 3", "1,a"), (3, None, "4 fields, expected 3", "2,b,2,")),
    ),
    trap(
        "a quote that is not closed",
        f'{HEADER}1,"a,1\n2,b,2\n',
        (3, 2, "b", D(2)),
        rejects=((2, None, NOT_CLOSED, '1,"a,1'),),
    ),
    trap(
        "a quote that is not closed takes the tail along",
        f'{HEADER}1,a,1\n2,"b,2\n\n3,c,3\n',
        (2, 1, "a", D(1)),
        rejects=tuple(
            (line, None, "the field in quotes that begins on line 3 does not end before the file does", text)
            for line, text in ((3, '2,"b,2'), (5, "3,c,3"))
        ),
        csv=MULTILINE,
    ),
    trap(
        "text after the closing quote",
        f'{HEADER}1,"un"terminated,1\n2,b,2\n',
        (3, 2, "b", D(2)),
        rejects=((2, None, NOT_CLOSED, '1,"un"terminated,1'),),
    ),
    trap(
        "text after the closing quote of several lines",
        f'{HEADER}1,"un\nter"minated,1\n2,b,2\n',
        (4, 2, "b", D(2)),
        rejects=((2, None, "text follows a closing quote", '1,"un\nter"minated,1'),),
        csv=MULTILINE,
    ),
    trap("a quote inside a field is text", f'{HEADER}1,a"b",1\n', (2, 1, 'a"b"', D(1))),
    trap("quotes without meaning", f'{HEADER}1,"a,1\n', (2, 1, '"a', D(1)), csv=Csv(quoting="none")),
    trap("doubled quotes", f'{HEADER}1,"say ""hi"", or not",1\n', (2, 1, 'say "hi", or not', D(1))),
    trap(
        "null tokens only without quotes",
        f'{HEADER}1,NULL,N/A\n2,"NULL",2\n3,null,3\n',
        (2, 1),
        (3, 2, "NULL", D(2)),
        (4, 3, "null", D(3)),
        csv=Csv(null_tokens=["NULL", "N/A"]),
    ),
    trap("other delimiter", "id\ttext\tamount\n1\ta,b\t1\n", (2, 1, "a,b", D(1)), csv=Csv(delimiter="\t")),
)

LINES = (
    trap("blank lines", f"\n{HEADER}\n1,a,1\n\n\n2,b,2\n\n", (4, 1, "a", D(1)), (7, 2, "b", D(2))),
    trap(
        "mixed line ends",
        "id,text,amount\r\n1,a,1\r2,b,2\n3,c,3\r\n\r\n4,d,4",
        *(
            (line, number, text, D(number))
            for line, number, text in ((2, 1, "a"), (3, 2, "b"), (4, 3, "c"), (6, 4, "d"))
        ),
    ),
    trap(
        "mixed line ends inside quotes",
        'id,text,amount\r\n1,"a\rb\n",1\r2,b,2\n3,"c\r\n",3\r\n',
        (2, 1, "a\rb\n", D(1)),
        (5, 2, "b", D(2)),
        (6, 3, "c\r\n", D(3)),
        csv=MULTILINE,
    ),
    trap("no line end at the end", f"{HEADER}1,a,1", (2, 1, "a", D(1))),
    trap("header only", HEADER),
    trap("header only, without line end", HEADER.strip()),
    trap("NUL bytes", f"{HEADER}1,a\0b,1\n2,\0,2\n", (2, 1, "a\0b", D(1)), (3, 2, "\0", D(2))),
    Trap(
        "a field of 20 MB",
        lambda: f"{HEADER}1,{_BIG},1\n2,b,2\n".encode(),
        ((2, 1, _BIG, D(1), None), (3, 2, "b", D(2), None)),
    ),
)

VALUES = (
    trap(
        "38 digits",
        f"{HEADER}1,a,{'9' * 32}.{'9' * 6}\n2,b,-{'9' * 32}.{'9' * 6}\n3,c,1{'0' * 32}\n",
        (2, 1, "a", D(f"{'9' * 32}.{'9' * 6}")),
        (3, 2, "b", D(f"-{'9' * 32}.{'9' * 6}")),
        rejects=((4, "amount", f"'1{'0' * 32}' is no decimal(38,6)", f"3,c,1{'0' * 32}"),),
    ),
    trap(
        "a decimal is never rounded",
        f"{HEADER}1,a,1.23456789\n2,b,1.234567\n",
        (3, 2, "b", D("1.234567")),
        rejects=((2, "amount", "'1.23456789' is no decimal(38,6)", "1,a,1.23456789"),),
    ),
    trap("leading zeros", f"{HEADER}007,007,007.50\n", (2, 7, "007", D("7.5"))),
    trap(
        "a required value is missing",
        f'{HEADER},a,1\n"",b,2\n3,c,3\n',
        (4, 3, "c", D(3)),
        rejects=(
            (2, "id", "is empty, a value is required", ",a,1"),
            (3, "id", "is empty, a value is required", '"",b,2'),
        ),
    ),
    trap("blanks are kept", f"{HEADER}1, a ,1\n", (2, 1, " a ", D(1))),
)

ENCODINGS = (
    trap("BOM", b"\xef\xbb\xbf" + f"{HEADER}1,é,1\n".encode(), (2, 1, "é", D(1))),
    trap(
        "latin-1 bytes in a UTF-8 file",
        f"{HEADER}1,a,1\n2,é,2\n".encode("latin-1"),
        rejection="line 3: byte 0xe9 is not UTF-8; save the file as UTF-8, or set source.csv.encoding",
    ),
    trap("latin-1", f"{HEADER}1,é,1\n".encode("latin-1"), (2, 1, "é", D(1)), csv=Csv(encoding="latin-1")),
    trap("UTF-16 with BOM", f"{HEADER}1,é,1\n".encode("utf-16"), (2, 1, "é", D(1)), csv=Csv(encoding="utf-16")),
    trap("UTF-16 without BOM", f"{HEADER}1,é,1\n".encode("utf-16-le"), (2, 1, "é", D(1)), csv=Csv(encoding="utf-16")),
    trap("UTF-16, big endian", f"{HEADER}1,é,1\n".encode("utf-16-be"), (2, 1, "é", D(1)), csv=Csv(encoding="utf-16")),
    trap(
        "UTF-16 that nobody announced",
        HEADER.encode("utf-16"),
        rejection="the file is UTF-16; save it as UTF-8, or set source.csv.encoding to utf-16",
    ),
    trap(
        "half a character",
        f"{HEADER}1,a,1\n2,b".encode("utf-16")[:-1],
        rejection="line 3: byte 0x62 is not UTF-16; save the file as UTF-16",
        csv=Csv(encoding="utf-16"),
    ),
)

HEADERS = (
    trap("any order, blanks, capitals, alias", " Amount ,TEXT,Number\n1,a,2\n", (2, 2, "a", D(1))),
    trap("unknown columns", "id,note,text\n1,n,a\n2,,b\n", (2, 1, "a", None, '{"note": "n"}'), (3, 2, "b")),
    trap("empty", "", rejection="the file is empty; deliver it with a header line"),
    trap("blank", "\n\r\n", rejection="the file is empty; deliver it with a header line"),
    trap(
        "duplicate column",
        "id,text,number\n",
        rejection="the header names id more than once; keep one column of each",
    ),
    trap("missing column", "text,amount\n", rejection="the header lacks the required columns id"),
    trap(
        "no header",
        "1,a,2\n",
        rejection="no header: line 1 ('1,a,2') names none of the contract's 3 columns (id, text, amount)",
    ),
    Trap(
        "1,000,000 columns",
        lambda: b"id," + b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n1\n",
        rejection="the header (line 1) names more than 10,000 columns; is it a CSV file?",
    ),
)

COMPRESSION = (
    trap("gz", _GZ, (2, 1, "a", D(2)), file="trap.csv.gz"),
    trap(
        "several members in one gz",
        _GZ + gzip.compress(b"2,b,3\n", mtime=0),
        (2, 1, "a", D(2)),
        (3, 2, "b", D(3)),
        file="trap.csv.gz",
    ),
    trap("bz2", bz2.compress(f"{HEADER}1,a,2\n".encode()), (2, 1, "a", D(2)), file="trap.csv.bz2"),
    trap(
        "zstd",
        pa.Codec("zstd").compress(f"{HEADER}1,a,2\n".encode(), asbytes=True),
        (2, 1, "a", D(2)),
        file="trap.csv.zst",
    ),
    trap(
        "a truncated gz",
        _GZ[:-6],
        rejection="is named .gz but cannot be decompressed (Truncated compressed stream); compress it again",
        file="trap.csv.gz",
    ),
    trap(
        "no gz at all",
        HEADER,
        rejection="is named .gz but cannot be decompressed (zlib inflate failed: incorrect header check); "
        "compress it again",
        file="trap.csv.gz",
    ),
    Trap("1 GB of zeros", lambda: gzip.compress(bytes(16 << 20)) * 64, rejection=NO_TABLE, file="zeros.csv.gz"),
)

WIDE = (
    Trap(
        "the bulk file of FR Y-9C",
        lambda: (
            f'{_WIDE}1020180^20240331^123^--------\n1020201^20240331^"5"^7\nx^20240331^1^2\n1^20240331^3\n'.encode()
        ),
        (
            (2, 1020180, date(2024, 3, 31), "BHCK2170", 123, None),
            (3, 1020201, date(2024, 3, 31), "BHCK3210", 7, None),
        ),
        (
            (3, "BHCK2170", "'\"5\"' is no bigint", '"5"'),
            (4, "rssdid", "'x' is no bigint", "x^20240331^1^2"),
            (5, None, "3 fields, expected 4", "1^20240331^3"),
        ),
        csv=FRY9C,
        table=WIDE_TABLE,
    ),
)

TRAPS = (*QUOTES, *LINES, *VALUES, *ENCODINGS, *HEADERS, *COMPRESSION, *WIDE)
