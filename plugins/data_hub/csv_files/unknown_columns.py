"""Columns of a file that the contract does not know: kept as JSON, or as columns of their own."""

import difflib
import json
import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from data_hub import lineage
from data_hub.csv_files.header import Header
from data_hub.pipelines.partition_terms import PartitionTerm
from data_hub.pipelines.pipeline import Table
from data_hub.wording import shortened

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,254}")
_COMMA = ", "


class UnknownColumns:
    """What becomes of the columns of one header that the contract does not know.

    Args:
        header: the file's.
        table: its contract, which says whether the table gains them.
        taken: names that no column of text may have.

    Attributes:
        remark: which columns are rescued, and which of the contract they may have been meant to be; else empty.
    """

    def __init__(self, header: Header, table: Table, taken: frozenset[str]) -> None:
        self._evolved = _evolved(header, table, taken) if table.unknown_columns == "evolve" else {}
        self._rescued = {key: name for key, name in header.unknown.items() if key not in self._evolved}
        self.remark = _remark(
            list(self._rescued.values()), [name for name in table.columns if name not in header.names]
        )

    def add_to(self, rows: pa.Table, text: pa.Table) -> pa.Table:
        """Add ``_rescued_data``, and the columns that the table gains, to rows that came of text."""
        rows = rows.append_column(lineage.RESCUED_DATA, self._as_json(text))
        for key, name in self._evolved.items():
            rows = rows.append_column(name, _plain(text, key))
        return rows

    def _as_json(self, text: pa.Table) -> pa.Array:
        """Return what stands in the columns, without NULLs; null where nothing does."""
        if not self._rescued or not len(text):
            return pa.nulls(len(text), pa.string())
        # Not null_handling="skip": pyarrow 26 loses a row whose values are all null.
        members = [pc.fill_null(_members(name, _plain(text, key)), "") for key, name in self._rescued.items()]
        joined = pc.binary_join_element_wise("", *members, "")
        objects = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, len(_COMMA)), "}", "")
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _remark(rescued: list[str], missing: list[str]) -> str:
    if not rescued:
        return ""
    meant = {name: difflib.get_close_matches(name.lower(), missing, n=1, cutoff=0.7) for name in rescued}
    told = [f"{name or '(no name)'}{f' (is it {found[0]}?)' if found else ''}" for name, found in meant.items()]
    return f"unknown columns kept in {lineage.RESCUED_DATA}: {shortened(', '.join(told), 300)}"


def _evolved(header: Header, table: Table, others: frozenset[str]) -> dict[str, str]:
    lowered = {key: name.lower() for key, name in header.unknown.items()}
    # Iceberg refuses a column that is called like a partition field, aod_year of year(aod).
    partitions = {PartitionTerm.parse(entry).name for entry in table.partition_by}
    taken = {*table.columns, *lineage.COLUMNS, *partitions, *others}
    count = Counter(lowered.values())
    return {
        key: name
        for key, name in lowered.items()
        if _IDENTIFIER.fullmatch(name) and name not in taken and count[name] == 1
    }


def _plain(text: pa.Table, key: str) -> pa.StringArray:
    column = text.column(key).combine_chunks()
    return column.cast(pa.string()) if isinstance(column, pa.DictionaryArray) else column


def _members(name: str, values: pa.StringArray) -> pa.StringArray:
    start = f"{_COMMA}{json.dumps(name, ensure_ascii=False)}: "
    if not pc.any(pc.match_substring_regex(values, r'["\\\x00-\x1f]')).as_py():
        return pc.binary_join_element_wise(f'{start}"', values, '"', "")
    words = values.dictionary_encode()
    escaped = [start + json.dumps(word, ensure_ascii=False) for word in words.dictionary.to_pylist()]
    return pa.array(escaped, pa.string()).take(words.indices)
