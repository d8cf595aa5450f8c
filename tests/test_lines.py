import io
import re

from hypothesis import given
from hypothesis import strategies as st

from data_hub.csv_files import lines

texts = st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\n", b"\r", b"\r\n", b'"', b","])).map(b"".join)


def editor_lines(text: bytes) -> list[bytes]:
    found = re.split(rb"\r\n|\n|\r", text)
    return found if found[-1] else found[:-1]


@given(texts, st.integers(1, 7))
def test_blocks_hold_the_lines_an_editor_counts_whatever_the_block_size(text: bytes, block_bytes: int) -> None:
    numbered = [
        (number, line)
        for block in lines.blocks(io.BytesIO(text), block_bytes)
        for number, line in enumerate(block.text.splitlines(), block.first_line)
    ]
    assert numbered == list(enumerate(editor_lines(text), 1))


def test_after_leaves_the_rest_with_its_line_numbers() -> None:
    (block,) = lines.blocks(io.BytesIO(b"a\nb\nc\n"))
    rest = block.without_first(2)
    assert (rest.first_line, rest.records.to_pylist(), rest.record_count) == (3, [b"c\n"], 1)


def test_a_line_longer_than_a_block_stays_whole() -> None:
    blocks = list(lines.blocks(io.BytesIO(b"x" * 100 + b"\ny"), 10))
    assert [block.text for block in blocks] == [b"x" * 100 + b"\n", b"y\n"]
