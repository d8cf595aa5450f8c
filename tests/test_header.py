"""Headers: what is refused whole, and what becomes of columns that the contract does not know."""

import json

import pyarrow as pa
import pytest
from csv_reading import parts, read
from trap_corpus import TABLE

from data_hub.csv_files.dialect import MAX_COLUMNS
from data_hub.csv_files.rejects import FileRejected
from data_hub.pipelines.pipeline import Csv

EVOLVING = TABLE.model_copy(update={"unknown_columns": "evolve"})


def rejection(text: bytes, csv: Csv | None = None) -> str:
    with pytest.raises(FileRejected) as raised:
        read(text, csv, TABLE)
    return str(raised.value)


def test_a_wrong_delimiter_or_encoding_is_named() -> None:
    assert rejection(b"id;text\n").endswith("; are its fields separated by commas?")
    assert rejection(b"id,text\n", Csv(delimiter="^")).endswith("; are its fields separated by '^'?")
    assert rejection("id,text\n".encode("utf-16-le")).endswith("; is the file UTF-16? Say so in source.csv.encoding")


def test_so_many_columns_are_no_table() -> None:
    names = ["id", *(f"c{number}" for number in range(MAX_COLUMNS))]
    assert read(",".join(names[:-1]).encode(), None, TABLE) == ([], [])
    assert "names more than 10,000 columns" in rejection(",".join(names).encode())


def test_a_name_that_would_swell_every_row_rejects_the_file() -> None:
    """Two bytes of a line would become as long as the name, beyond what Arrow takes."""
    rows, _ = read(f"id,{'n' * 398}\n1,x\n".encode(), None, TABLE)
    assert json.loads(rows[0]["_rescued_data"]) == {"n" * 398: "x"}
    assert "has a name of 399 characters ('nnn" in rejection(f"id,{'n' * 399}\n".encode())
    assert "has a name of 100 characters" in rejection(b"id," + b"\x01" * 100 + b"\n")


def test_without_quoting_a_quote_in_the_header_is_text() -> None:
    rows, _ = read(b'id|"te"xt"|text\n1|a|"b"\n', Csv(delimiter="|", quoting="none"), TABLE)
    assert (rows[0]["text"], rows[0]["_rescued_data"]) == ('"b"', json.dumps({'"te"xt"': "a"}))


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "tab\tand\x01more", "\x7f é \u2028", "", '"', "{}"])
def test_rescued_data_is_json_as_python_writes_it(value: str) -> None:
    name = 'no"te'
    quoted = value.replace('"', '""')
    rows, _ = read(f'id,"no""te",more,text\n1,"{quoted}",,\n2,,,\n3,,"{quoted}",\n4,a,b,\n'.encode(), None, TABLE)
    assert [row["_rescued_data"] for row in rows] == [
        json.dumps({name: value}, ensure_ascii=False),
        None,
        json.dumps({"more": value}, ensure_ascii=False),
        json.dumps({name: "a", "more": "b"}),
    ]


def test_a_table_that_evolves_gains_the_columns_with_fit_names() -> None:
    header = b"id,Note,a b,source_line,_x,DOUBLE,double,new_1\n"
    (part,) = parts(header + b"1,n,1,2,3,4,5,\n2,,,,,,,w\n", None, EVOLVING)
    assert part.rows.column_names == ["id", "text", "amount", "source_line", "_rescued_data", "note", "new_1"]
    assert part.rows.schema.field("note").type == pa.string()
    rows = part.rows.to_pylist()
    assert [(row["note"], row["new_1"], row["source_line"]) for row in rows] == [("n", None, 2), (None, "w", 3)]
    assert json.loads(rows[0]["_rescued_data"]) == {
        "a b": "1",
        "source_line": "2",
        "_x": "3",
        "DOUBLE": "4",
        "double": "5",
    }
    assert rows[1]["_rescued_data"] is None


def test_a_column_called_like_a_partition_field_stays_in_the_json() -> None:
    """Iceberg refuses to add it, which would end every run."""
    table = EVOLVING.model_copy(update={"partition_by": ["truncate(4, text)", "bucket(8, id)"]})
    (part,) = parts(b"id,TEXT_trunc,id_bucket,id_year\n1,a,b,c\n", None, table)
    assert part.rows.column("id_year").to_pylist() == ["c"]
    assert part.rows.column("_rescued_data").to_pylist() == ['{"TEXT_trunc": "a", "id_bucket": "b"}']


def test_rows_that_are_rejected_take_their_unknown_columns_along() -> None:
    (part,) = parts(b"id,note\nx,a\n2,b\n", None, EVOLVING)
    assert part.rows.column("note").to_pylist() == ["b"]
    assert part.rejects.column("raw_text").to_pylist() == ["x,a"]
