"""A quick look at the quotes of a text: most texts have none but those around whole fields."""

import pyarrow as pa
import pyarrow.compute as pc

from data_hub.csv_files import lines


def are_plain(text: bytes, delimiter: str) -> bool:
    r"""Tell whether every quote begins or ends a field that ends on its own line, and none stands inside a field.

    Then every line is a record (RFC 4180). Of other texts, such as those with doubled quotes, each line is to be
    looked at. This takes a third of the time that a regular expression over the text takes.

    Args:
        text: whole lines, each ended by ``\n``.
        delimiter: between two fields.
    """
    pieces = pc.split_pattern(lines.views(text, pa.array([len(text)], pa.int64())), b'"').flatten()
    # Before, between and behind the fields in quotes there is one piece more than in them.
    if len(pieces) % 2 == 0:
        return False
    outside, inside = pieces.take(pa.arange(0, len(pieces), 2)), pieces.take(pa.arange(1, len(pieces), 2))
    limits = pa.array([delimiter.encode(), b"\n"], pa.large_binary())
    begins = pc.is_in(pc.binary_slice(outside.slice(1), 0, 1), limits)
    ends = pc.is_in(pc.binary_slice(outside.slice(0, len(outside) - 1), -1), limits)
    if text.startswith(b'"'):
        ends = ends.slice(1)
    return not (begins.false_count or ends.false_count or pc.any(pc.match_substring(inside, b"\n")).as_py())
