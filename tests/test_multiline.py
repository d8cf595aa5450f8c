"""Fields in quotes that go over lines (``multiline: true``)."""

import csv
import io

import pytest
from csv_reading import parts, read, with_blocks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trap_corpus import HEADER, MULTILINE, TABLE

from data_hub.csv_files import lines
from data_hub.csv_files.multiline import MAX_FIELD_LINES
from data_hub.csv_files.rejects import FileRejected

patched = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
sizes = st.sampled_from([1, 2, 5, 13, 1 << 20])


def read_traps(text: str | bytes) -> tuple[list[tuple[int, str]], list[tuple[int, str, str]]]:
    rows, rejects = read(text.encode() if isinstance(text, str) else text, MULTILINE, TABLE)
    found = [(reject["source_line"], reject["reason"], reject["raw_text"]) for reject in rejects]
    return [(row["source_line"], row["text"]) for row in rows], found


@given(
    st.lists(st.lists(st.text(st.sampled_from('ab",\n\ré '), max_size=6), min_size=1, max_size=1), max_size=6),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    sizes,
)
@patched
def test_what_python_writes_is_read_back(
    monkeypatch: pytest.MonkeyPatch, texts: list[list[str]], quote_all: bool, line_end: str, size: int
) -> None:
    body = io.StringIO(newline="")
    # Python quotes the line ends of its own lines only.
    quote_all = quote_all or line_end != "\r\n"
    writer = csv.writer(body, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerows([number, text, "1.5"] for number, (text,) in enumerate(texts))
    file = (HEADER + body.getvalue()).encode()
    rows, rejects = with_blocks_of(size, monkeypatch, lambda: read(file, MULTILINE, TABLE))
    assert [row["text"] for row in rows] == [text if text or quote_all else None for (text,) in texts]
    assert [row["id"] for row in rows] == list(range(len(texts)))
    assert rejects == []


@given(st.text(st.sampled_from('1a,,""\n\r'), max_size=40), sizes)
@patched
def test_any_text_gives_the_same_whatever_the_block_size(monkeypatch: pytest.MonkeyPatch, body: str, size: int) -> None:
    text = HEADER.encode() + body.encode()
    whole = parts(text, MULTILINE, TABLE)
    rows = sum(len(part.rows) for part in whole)
    assert sum(part.record_count for part in whole) == rows + sum(part.rejected_count for part in whole)
    assert with_blocks_of(size, monkeypatch, lambda: read_traps(text)) == read_traps(text)


def test_a_header_may_go_over_lines_too() -> None:
    rows, _ = read(b'id,"note\n2",text\n1,n,a\n', MULTILINE, TABLE)
    assert (rows[0]["source_line"], rows[0]["_rescued_data"]) == (3, '{"note\\n2": "n"}')


def test_a_field_of_a_thousand_lines_is_read() -> None:
    text = "\n" * (MAX_FIELD_LINES - 1)
    assert read_traps(f'{HEADER}1,"{text}",\n2,b,\n') == ([(2, text), (2 + MAX_FIELD_LINES, "b")], [])


@pytest.mark.parametrize("size", [100, 1 << 20])
def test_a_longer_field_rejects_every_line_from_its_record_on(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x\n" * MAX_FIELD_LINES
    file = f'{HEADER}1,a,\n2,"two\nlines",\n3,"c\nd"x,\n4,"e\nf","{text}",\n5,g,\n'
    rows, rejects = with_blocks_of(size, monkeypatch, lambda: read_traps(file))
    assert rows == [(2, "a"), (3, "two\nlines")]
    assert rejects[0] == (5, "text follows a closing quote", '3,"c\nd"x,')
    reason = "the field in quotes that begins on line 8 is longer than 1,000 lines"
    assert rejects[1:] == [(number, reason, line) for number, line in enumerate(file.split("\n")[6:-1], 7)]


def test_a_record_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1 << 20)
    file = f'{HEADER}1,"{("x" * 9999 + chr(10)) * 500}'.encode()
    with pytest.raises(FileRejected, match="line 2 is longer than 1 MB"):
        with_blocks_of(1 << 16, monkeypatch, lambda: read(file, MULTILINE, TABLE))


@pytest.mark.timeout(60)  # it takes a second or two; quadratic time would be an hour
def test_time_grows_with_the_file_only() -> None:
    count = 50_000
    file = HEADER + '1,"a\nb",1\n2,"c"x,2\n' * count
    rows, rejects = read(file.encode(), MULTILINE, TABLE)
    assert (len(rows), len(rejects)) == (count, count)


def test_the_line_of_a_wrong_byte_is_told_behind_a_record_of_several_lines() -> None:
    with pytest.raises(FileRejected, match="line 4: byte 0xff is not UTF-8"):
        read_traps(HEADER.encode() + b'1,"a\nb",2\n2,\xff,3\n')
