"""What the table holds of each series: the item codes and the context columns in use."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from pyiceberg.table import Table

SERIES = "seriesid"
ITEM = "item_mdrm"
_CONTEXT = re.compile(r"context_level[0-9]+_(mdrm|desc|value)")


@dataclass(frozen=True)
class SeriesContent:
    """One series of the table.

    Attributes:
        series: the series as the rows spell it; empty when the rows have none.
        items: MDRM item codes that occur, sorted.
        contexts: context columns in which at least one row has a value, in the table's order.
    """

    series: str
    items: tuple[str, ...]
    contexts: tuple[str, ...]


def read_series_contents(table: Table) -> list[SeriesContent]:
    """Read which series, items and contexts a table holds, batch by batch, in bounded memory.

    Args:
        table: an Iceberg table with the columns seriesid and item_mdrm.

    Returns:
        The series, sorted.
    """
    contexts = [name for name in table.schema().column_names if _CONTEXT.fullmatch(name)]
    items: defaultdict[str, set[str]] = defaultdict(set)
    used: defaultdict[str, set[str]] = defaultdict(set)
    for batch in table.scan(selected_fields=(SERIES, ITEM, *contexts)).to_arrow_batch_reader():
        for group in _distinct_groups(batch, contexts):
            items[group[SERIES]].add(group[ITEM])
            used[group[SERIES]].update(context for context in contexts if group[f"{context}_count"])
    return [
        SeriesContent(series, tuple(sorted(items[series])), tuple(c for c in contexts if c in used[series]))
        for series in sorted(items)
    ]


def _distinct_groups(batch: pa.RecordBatch, contexts: list[str]) -> list[dict[str, Any]]:
    keys = {name: pc.fill_null(batch.column(name), "") for name in (SERIES, ITEM)}
    values = {name: batch.column(name) for name in contexts}
    counts = [(name, "count", pc.CountOptions(mode="only_valid")) for name in contexts]
    groups: list[dict[str, Any]] = pa.table(keys | values).group_by([SERIES, ITEM]).aggregate(counts).to_pylist()
    return groups
