import csv
import io
import json

import pyarrow as pa
import pytest
from collections_pipeline import HEADER_V1, HEADER_V2, PIPELINE, SAMPLE, row_v1
from csv_reading import faults, parts, read, with_blocks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trap_corpus import HEADER, TABLE

from data_hub.csv_files import lines
from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader
from data_hub.csv_files.rejects import ALONG_WITH_FILE, FileRejected
from data_hub.pipelines.pipeline import Csv


def test_both_header_versions_give_the_same_columns() -> None:
    v1, _ = read(HEADER_V1 + row_v1("BHCK2170", "5"))
    v2, _ = read(HEADER_V2 + b"FRY9C,20251231,1234567,1770609249,BHCK2170,,5,,,,,,,,,\n")
    assert v1 == v2
    assert v1[0]["item_mdrm"] == "BHCK2170"
    assert v1[0]["source_line"] == 2


def test_header_in_any_order_with_bom_blanks_and_capitals() -> None:
    rows, rejects = read(b"\xef\xbb\xbf Value ,KEY,submissionTS,rssdid,aod,SERIESID\n5,BHCK2170,0,1,20251231,FRY9C\n")
    assert (rows[0]["item_value"], rows[0]["rssdid"], rejects) == ("5", 1, [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (
            b"a,b,c\n1,2,3\n",
            "no header: line 1 ('a,b,c') names none of the contract's 16 columns (seriesid, aod, rssdid, ...)",
        ),
        (row_v1(), "no header"),
        (b"seriesid;aod\n", "are its fields separated by commas?"),
        (b"s\xe9ries,aod\n", "the header (line 1): byte 0xe9 is not UTF-8"),
        (b"seriesid,aod,rssdid,key,value\n", "the header lacks the required columns submission_ts"),
        (b"seriesid,aod,rssdid,submissionts,key,item_mdrm\n", "the header names item_mdrm more than once"),
        (HEADER_V1[:-1] + b",x,x\n", "the header names x more than once"),
        (HEADER_V1 + row_v1(value="caf\xe9").decode().encode("latin-1"), "line 2: byte 0xe9 is not UTF-8"),
        (HEADER_V1.decode().encode("utf-16"), "UTF-16"),
        (b'"seriesid,aod\n', "the header (line 1) cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_with_its_reason(text: bytes, reason: str) -> None:
    with pytest.raises(FileRejected) as raised:
        read(text)
    assert reason in str(raised.value)


def test_a_header_without_rows_gives_no_rows() -> None:
    assert read(HEADER_V1) == ([], [])
    assert read(HEADER_V1.rstrip()) == ([], [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"FRY9C,20251301,1,0,X,1\n", (2, "aod", "'20251301' is no yyyymmdd date")),
        (b"FRY9C,20251231,x,0,X,1\n", (2, "rssdid", "'x' is no bigint")),
        (b"FRY9C,20251231,,0,X,1\n", (2, "rssdid", "is empty, a value is required")),
        (b'"",20251231,1,0,X,1\n', (2, "seriesid", "is empty, a value is required")),
        (b"FRY9C,20251231,1,0,X\n", (2, None, "5 fields, expected 6")),
        (b"FRY9C,20251231,1,0,X,1,2\n", (2, None, "7 fields, expected 6")),
        (
            b'FRY9C,20251231,1,0,X,"1\n',
            (2, None, "a quote is not closed on its line, or text follows the closing quote"),
        ),
        (
            b'FRY9C,20251231,1,0,X,"u"n\n',
            (2, None, "a quote is not closed on its line, or text follows the closing quote"),
        ),
        (b"x,y,z,0,,1\n", (2, "aod", "'y' is no yyyymmdd date")),
    ],
)
def test_a_bad_row_is_rejected_alone(line: bytes, expected: tuple[int, str | None, str]) -> None:
    rows, rejects = read(HEADER_V1 + line + row_v1())
    assert [(r["source_line"], r["column_name"], r["reason"]) for r in rejects] == [expected]
    assert rejects[0]["raw_text"].encode() + b"\n" == line
    assert [row["source_line"] for row in rows] == [3]


def test_a_newline_inside_quotes_rejects_the_record_and_reading_resumes() -> None:
    rows, rejects = read(HEADER_V1 + b'FRY9C,20251231,1,0,X,"a\nb"\n' + row_v1())
    assert [reject["source_line"] for reject in rejects] == [2, 3]
    assert [row["source_line"] for row in rows] == [4]


def test_quotes_that_only_add_up_across_lines_swallow_nothing() -> None:
    rows, rejects = read(HEADER_V1 + b'FRY9C,20251231,1,0,a"b,"c\n' + row_v1(value='"x ""y"", z"'))
    assert [reject["source_line"] for reject in rejects] == [2]
    assert [row["item_value"] for row in rows] == ['x "y", z']


def test_line_numbers_are_physical_across_blank_lines_and_mixed_line_ends() -> None:
    text = HEADER_V1.replace(b"\n", b"\r\n") + b"\n" + row_v1("A").replace(b"\n", b"\r") + b"\r\n" + row_v1("B")
    text += b"short\n" + row_v1("C").rstrip()
    rows, rejects = read(text)
    assert [(row["source_line"], row["item_mdrm"]) for row in rows] == [(3, "A"), (5, "B"), (7, "C")]
    assert [reject["source_line"] for reject in rejects] == [6]


def test_empty_is_null_and_quoted_empty_is_empty_text() -> None:
    rows, _ = read(HEADER_V1 + row_v1(value="") + row_v1(value='""'))
    assert [row["item_value"] for row in rows] == [None, ""]


def test_a_byte_order_mark_inside_the_file_belongs_to_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER_V1 + row_v1() + b"\xef\xbb\xbf" + row_v1() + b"\xef\xbb\xbf\n"
    assert [row["seriesid"] for row in read(text)[0]] == ["FRY9C", "\ufeffFRY9C"]
    rows, rejects = with_blocks_of(10, monkeypatch, lambda: read(text))
    assert [row["seriesid"] for row in rows] == ["FRY9C", "\ufeffFRY9C"]
    assert [reject["source_line"] for reject in rejects] == [4]


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1 << 20)
    with pytest.raises(FileRejected, match="line 2 is longer than 1 MB"):
        with_blocks_of(1 << 18, monkeypatch, lambda: read(HEADER_V1 + b"x" * (3 << 20)))


def test_unknown_columns_are_rescued_as_json() -> None:
    rows, _ = read(HEADER_V1[:-1] + b",note,more\n" + row_v1()[:-1] + b',"say ""hi""",\n' + row_v1()[:-1] + b",,\n")
    assert [row["_rescued_data"] and json.loads(str(row["_rescued_data"])) for row in rows] == [
        {"note": 'say "hi"'},
        None,
    ]


def test_the_sample_holds_seven_bad_rows() -> None:
    found = {
        path.name: faults(path.read_bytes()) for path in sorted(SAMPLE.rglob("*.csv")) if faults(path.read_bytes())
    }
    assert {name: len(rejects) for name, rejects in found.items()} == {"fr2004a.csv": 5, "fry9c.csv": 2}


fields = st.text(st.sampled_from('ab,"é '), max_size=4)


@given(st.lists(st.lists(fields, min_size=1, max_size=8), max_size=12), st.booleans())
def test_every_line_is_a_row_or_a_reject(records: list[list[str]], quote_all: bool) -> None:
    body = io.StringIO()
    csv.writer(body, lineterminator="\n", quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(records)
    text = HEADER_V1 + body.getvalue().encode() + row_v1()
    rows, rejects = read(text)
    seen = sorted([*(row["source_line"] for row in rows), *(reject["source_line"] for reject in rejects)])
    assert seen == [number for number, line in enumerate(text.split(b"\n"), 1) if line and number > 1]


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_rejects_or_a_rejected_file(noise: bytes) -> None:
    text = HEADER_V1 + noise
    try:
        rows, rejects = read(text)
    except FileRejected:
        return
    found = noise.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert len(rows) + len(rejects) == sum(1 for line in found if line)


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=9)), max_size=5
    )
)
def test_text_values_are_kept_to_the_letter(values: list[tuple[str]]) -> None:
    body = "".join('FRY9C,20251231,1,0,X,"{}"\n'.format(value.replace('"', '""')) for (value,) in values)
    rows, rejects = read(HEADER_V1 + body.encode())
    assert [row["item_value"] for row in rows] == [value for (value,) in values]
    assert rejects == []


def test_blocks_of_any_size_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (next(SAMPLE.rglob("fr2004a.csv"))).read_bytes()
    whole = read(text)
    assert with_blocks_of(300, monkeypatch, lambda: read(text)) == whole


def test_the_rows_have_the_contracts_types() -> None:
    (part,) = parts(HEADER_V1 + row_v1())
    types = dict(zip(part.rows.schema.names, part.rows.schema.types, strict=True))
    assert types["aod"] == pa.date32()
    assert types["rssdid"] == pa.int64()
    assert types["submission_ts"] == pa.timestamp("us", tz="UTC")


@given(
    st.lists(st.tuples(st.text(st.sampled_from('ab",;^ é\0'), max_size=6)), max_size=6),
    st.sampled_from([",", ";", "^", "\t", " ", "|", "-", "x"]),
    st.sampled_from(["utf-8", "latin-1", "utf-16"]),
    st.sampled_from([1, 3, 11, 1 << 20]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_python_writes_is_read_back(
    monkeypatch: pytest.MonkeyPatch, texts: list[tuple[str]], delimiter: str, encoding: str, size: int
) -> None:
    body = io.StringIO(newline="")
    writer = csv.writer(body, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "text"], *([number, text] for number, (text,) in enumerate(texts))])
    options = Csv.model_validate({"delimiter": delimiter, "encoding": encoding})
    file = body.getvalue().encode(encoding)
    rows, rejects = with_blocks_of(size, monkeypatch, lambda: read(file, options, TABLE))
    assert [(row["id"], row["text"]) for row in rows] == [(number, text) for number, (text,) in enumerate(texts)]
    assert rejects == []


@given(st.binary(max_size=40), st.sampled_from(["rfc4180", "none"]), st.booleans(), st.sampled_from([1, 3, 11]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_the_same_whatever_the_block_size(
    monkeypatch: pytest.MonkeyPatch, noise: bytes, quoting: str, latin: bool, size: int
) -> None:
    options = Csv.model_validate({"quoting": quoting, "encoding": "latin-1" if latin else "utf-8"})

    def outcome() -> object:
        try:
            return read(HEADER.encode() + noise, options, TABLE)
        except FileRejected as rejection:
            return str(rejection)

    assert with_blocks_of(size, monkeypatch, outcome) == outcome()


def test_a_large_file_is_read_with_dictionaries_and_in_threads() -> None:
    """Over several blocks, with columns that repeat, columns that do not, and one that is empty."""
    count = 400_000
    lines_of_file = [b"%d,%s %d,%d.5\n" % (n % 50, b"x" * 20, n, n % 7) for n in range(count)]
    lines_of_file[300_000] = b"bad,,\n"
    lines_of_file[5] = b"1,2\n"
    found = parts(b"id,text,amount\n" + b"".join(lines_of_file), None, TABLE)
    assert len(found) > 1
    rows = pa.concat_tables(part.rows for part in found)
    assert [str(field.type) for field in rows.schema] == ["int64", "string", "decimal128(38, 6)", "int64", "string"]
    kept = [n for n in range(count) if n not in {5, 300_000}]
    assert rows.column("source_line").to_pylist() == [n + 2 for n in kept]
    assert rows.column("id").to_pylist() == [n % 50 for n in kept]
    assert rows.column("text")[-1].as_py() == f"{'x' * 20} {count - 1}"
    assert [reject["source_line"] for part in found for reject in part.rejects.to_pylist()] == [7, 300_002]


def test_over_the_ratio_every_record_is_a_reject() -> None:
    text = HEADER_V1 + b"short\n\n" + row_v1("A") + row_v1("B", rssdid="x")
    file = CsvFile("a.csv", io.BytesIO(text), Reader(PIPELINE.table, Csv()), 0.5)
    assert sum(len(part.rows) for part in file.parts()) == 1
    assert file.rejected_by_ratio
    assert file.rejection == ("2 of 3 rows (66.7%) break the contract, more than max_reject_ratio 50.0% allows")
    rejected = [row for part in file.rejected_parts(io.BytesIO(text)) for row in part.to_pylist()]
    assert [(row["source_line"], row["reason"]) for row in rejected] == [
        (2, "1 fields, expected 6"),
        (4, ALONG_WITH_FILE),
        (5, "'x' is no bigint"),
    ]
    assert [row["raw_text"].encode() for row in rejected] == [line for line in text.splitlines()[1:] if line]


@pytest.mark.parametrize(("ratio", "bad"), [(0.29, 29), (0.57, 57), (0.05, 5), (0.0, 0), (1.0, 100)])
def test_a_share_of_rejects_that_is_the_ratio_itself_is_accepted(ratio: float, bad: int) -> None:
    """29 > 0.29 * 100 in floating point."""
    text = HEADER_V1 + row_v1(rssdid="x") * bad + row_v1() * (100 - bad)
    file = CsvFile("a.csv", io.BytesIO(text), Reader(PIPELINE.table, Csv()), ratio)
    assert sum(len(part.rejects) for part in file.parts()) == bad
    assert (file.rejection, file.rejected_by_ratio) == ("", False)


def test_a_file_that_cannot_be_read_is_rejected_but_not_by_its_ratio() -> None:
    file = CsvFile("a.csv", io.BytesIO(HEADER_V1 + b"\xff\n"), Reader(PIPELINE.table, Csv()), 0.5)
    assert list(file.parts()) == []
    assert (file.rejection, file.rejected_by_ratio) == (
        "line 2: byte 0xff is not UTF-8; save the file as UTF-8, or set source.csv.encoding",
        False,
    )
