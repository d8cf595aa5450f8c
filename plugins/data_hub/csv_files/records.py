"""Records split into fields: every record that is not blank has its fields, or is broken."""

import codecs
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from data_hub.csv_files import lines, quotes, rejects
from data_hub.csv_files.dialect import Dialect, RaggedHandler
from data_hub.csv_files.lines import Block
from data_hub.csv_files.rejects import FileRejected

NOT_CLOSED = "a quote is not closed on its line, or text follows the closing quote"
BROKEN = pa.schema([("position", pa.int64()), ("reason", pa.string())])
_NONE_BROKEN = BROKEN.empty_table()
# Small enough for the processor's cache, which makes the parser faster.
_PARSED_AT_ONCE = 1 << 20
# From here on each further part costs more than the cache saves.
_MANY_COLUMNS = 100
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Records:
    """The records of a block.

    Attributes:
        text: one column of strings, plain or dictionary-encoded, for each column of the file.
        positions: of each row of ``text`` among the block's records.
        broken: the other records that are not blank: ``position`` and ``reason``.
    """

    text: pa.Table
    positions: pa.Int64Array
    broken: pa.Table

    def line_numbers(self, block: Block) -> pa.Int64Array:
        """Return the line of each row of ``text``."""
        everything = len(self.positions) == block.record_count
        return block.line_numbers if everything else block.line_numbers.take(self.positions)


class Splitter:
    """Splits the records of files with one header.

    Args:
        names: a name for each column.
        dialect: how fields are cut.
        repeating: names of columns whose values repeat, which are kept dictionary-encoded.
    """

    def __init__(self, names: tuple[str, ...], dialect: Dialect, repeating: frozenset[str] = frozenset()) -> None:
        self._names = names
        self._dialect = dialect
        self._schema = pa.schema([(name, _DICTIONARY if name in repeating else pa.string()) for name in names])
        self._convert_options = csv.ConvertOptions(
            column_types=self._schema,
            null_values=dialect.null_values,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            check_utf8=False,
        )

    def fitted_to(self, block: Block, parsed: Collection[str]) -> "Splitter":
        """Return one that keeps columns dictionary-encoded where that pays, judged by the beginning of a large file.

        Args:
            block: the beginning.
            parsed: names of columns that do not stay text; of the others a dictionary would have to be undone.
        """
        sample = block.text[:_PARSED_AT_ONCE]
        if len(sample) < _PARSED_AT_ONCE or b"\n" not in sample:
            return self
        candidates = frozenset(parsed) & frozenset(self._names)
        everything = Splitter(self._names, self._dialect, candidates)
        try:
            text = everything.fields(sample[: sample.rfind(b"\n") + 1], RaggedHandler())
        except pa.ArrowInvalid:  # cut inside a field in quotes
            return self
        few = {name for name in candidates if len(text.column(name).chunk(0).dictionary) * 2 < len(text)}
        return Splitter(self._names, self._dialect, frozenset(few))

    def split(self, block: Block) -> Records:
        """Split the records of a block into fields.

        Raises:
            FileRejected: the text is not UTF-8.
        """
        _require_utf8(block)
        broken = self._broken(block)
        text, positions = block.text, None
        if broken is not None:
            positions = _positions(block, broken)
            text = lines.joined(block.records.take(positions))
        ragged = RaggedHandler()
        fields = self.fields(text, ragged)
        count = len(fields) + len(ragged.rows)
        if positions is None:
            positions = pa.arange(0, count) if count == block.record_count else _positions(block, None)
        if len(positions) != count:
            raise FileRejected(
                f"lines {block.first_line} to {block.first_line + block.line_count - 1}: {len(positions)} records gave "
                f"{count} rows; please report this file"
            )
        return self._without_ragged(fields, positions, ragged, broken)

    def _broken(self, block: Block) -> pa.Table | None:
        if block.broken is not None or not self._dialect.quotes or b'"' not in block.text:
            return block.broken
        if quotes.are_plain(block.text, self._dialect.delimiter):
            return None
        broken = pc.invert(pc.match_substring_regex(block.records, self._dialect.whole_line))
        if not broken.true_count:
            return None
        found = pc.indices_nonzero(broken).cast(pa.int64())
        return pa.table([found, pa.repeat(NOT_CLOSED, len(found))], schema=BROKEN)

    def _without_ragged(
        self, fields: pa.Table, positions: pa.Int64Array, ragged: RaggedHandler, broken: pa.Table | None
    ) -> Records:
        found = _NONE_BROKEN if broken is None else broken
        if not ragged.rows:
            return Records(fields, positions, found)
        rows = pa.array(ragged.rows, pa.int64())
        counts = pa.array(ragged.field_counts, pa.int64()).cast(pa.string())
        reasons = pc.binary_join_element_wise(counts, f" fields, expected {len(self._names)}", "")
        found = pa.concat_tables([found, pa.table([positions.take(rows), reasons], schema=BROKEN)])
        kept = pc.invert(pc.is_in(pa.arange(0, len(positions)), value_set=rows))
        return Records(fields, positions.filter(kept), found)

    def fields(self, text: bytes, ragged: RaggedHandler) -> pa.Table:
        """Return a column of strings, in one chunk, for each name; rows with another number of fields are left out."""
        if not text or (text[0] in b"\r\n" and not text.strip(b"\r\n")):
            return self._schema.empty_table()
        if text.startswith(codecs.BOM_UTF8):
            # pyarrow drops a byte order mark at the start of what it reads; here it belongs to a value.
            text = codecs.BOM_UTF8 + text
        if self._dialect.multiline or len(self._names) > _MANY_COLUMNS:
            return self._parsed(text, len(text), ragged)
        try:
            return self._parsed(text, _PARSED_AT_ONCE, ragged)
        except pa.ArrowInvalid:  # a line is longer than that
            ragged.clear()
            return self._parsed(text, len(text), ragged)

    def _parsed(self, text: bytes, block_size: int, ragged: RaggedHandler) -> pa.Table:
        table = csv.read_csv(
            pa.py_buffer(text),
            read_options=csv.ReadOptions(
                column_names=self._names, use_threads=False, block_size=max(block_size, _PARSED_AT_ONCE)
            ),
            parse_options=self._dialect.parse_options(ragged),
            convert_options=self._convert_options,
        )
        if table.column(0).num_chunks == 1:
            return table
        return table.unify_dictionaries().combine_chunks()


def to_rejects(block: Block, broken: pa.Table) -> pa.Table:
    """Return broken records as rejects.

    Args:
        block: what they stand in.
        broken: ``position``, ``reason`` and, where a column is at fault, ``column_name``.
    """
    if not len(broken):
        return rejects.NONE
    positions = broken.column("position").combine_chunks()
    columns = broken.schema.get_field_index("column_name")
    return pa.Table.from_arrays(
        [
            block.line_numbers.take(positions),
            broken.column(columns) if columns >= 0 else pa.nulls(len(broken), pa.string()),
            broken.column("reason"),
            raw_texts(block, positions),
        ],
        schema=rejects.READ_SCHEMA,
    )


def raw_texts(block: Block, positions: pa.Int64Array) -> pa.StringArray:
    """Return records as they stand in the file, without their line ends."""
    texts = block.records.take(positions).cast(pa.large_string())
    return pc.replace_substring_regex(texts, r"(?:\r\n|\n|\r)\z", "").cast(pa.string())


def _positions(block: Block, broken: pa.Table | None) -> pa.Int64Array:
    unwanted = block.are_blank
    if broken is not None:
        unwanted = pc.or_(
            unwanted, pc.is_in(pa.arange(0, len(unwanted)), value_set=broken.column("position").combine_chunks())
        )
    return pc.indices_nonzero(pc.invert(unwanted)).cast(pa.int64())


def _require_utf8(block: Block) -> None:
    if block.text.isascii():
        return
    try:
        lines.views(block.text, pa.array([len(block.text)], pa.int64())).cast(pa.large_string())
    except pa.ArrowInvalid as invalid:
        for number, line in enumerate(lines.with_plain_ends(block.text).split(b"\n"), block.first_line):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                byte = line[error.start]
                raise FileRejected(
                    f"line {number}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8, or set source.csv.encoding"
                ) from error
        raise FileRejected(f"cannot be read as CSV: {invalid}") from invalid
