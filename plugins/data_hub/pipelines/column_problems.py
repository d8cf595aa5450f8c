"""What is wrong with a table's columns, partitions and report types, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from data_hub import lineage
from data_hub.pipelines.partition_terms import TRANSFORMS, PartitionTerm
from data_hub.pipelines.report_columns import ITEM, REPORT_COLUMNS, SERIES, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_hub.pipelines.pipeline import Table

# Of the hub's own columns: one value for each file or line would make a partition of each.
_OWN_PARTITIONS = {
    lineage.INGESTED_AT: frozenset({"year", "month", "day"}),
    lineage.SOURCE_FILE: frozenset({"bucket"}),
}


def of_table(table: Table) -> list[str]:
    """Return one line for each contradiction between the fields of a table."""
    return [*_column_problems(table), *_partition_problems(table), *_report_problems(table)]


def _column_problems(table: Table) -> Iterator[str]:
    names = Counter(
        name
        for column, definition in table.columns.items()
        for name in (column, *(alias.lower() for alias in definition.aliases))
    )
    for name in table.columns:
        if name in lineage.COLUMNS:
            yield f"table.columns.{name}: is a column that the hub adds itself; rename yours"
    for name, count in names.items():
        if count > 1:
            yield f"table.columns: header name '{name}' stands for more than one column; keep one"


def _partition_problems(table: Table) -> Iterator[str]:
    columns = Counter[str]()
    for entry in table.partition_by:
        try:
            term = PartitionTerm.parse(entry)
        except ValueError as error:
            yield f"table.partition_by: {error}"
            continue
        columns[term.column] += 1
        if problem := _misfit(term, table):
            yield f"table.partition_by: '{entry}': {problem}"
    for column, count in columns.items():
        if count > 1:
            yield f"table.partition_by: column '{column}' stands in {count} entries; keep one"


def _report_problems(table: Table) -> Iterator[str]:
    if not table.report:
        return
    if missing := sorted(REPORT_COLUMNS - set(table.columns)):
        yield f"table.report: report views need the columns {', '.join(missing)}; add them or remove 'report'"
    for name in (SERIES, ITEM, VALUE):
        column = table.columns.get(name)
        if column and column.kind != "string":
            yield f"table.report: column '{name}' is a {column.type}, and only text gets a type; make it a string"
    *before_last, _ = table.report
    if "*" in before_last:
        yield "table.report: nothing after '*' is ever used; write '*' last"


def _misfit(term: PartitionTerm, table: Table) -> str | None:
    if term.name != term.column and term.name in table.columns:
        return f"its partitions are called '{term.name}' like a column; rename that column"
    if term.column in lineage.COLUMNS:
        fits = term.transform in _OWN_PARTITIONS.get(term.column, ())
        hint = "of the hub's own columns use day(ingested_at) or bucket(n, source_file), or take it out"
        return None if fits else f"would make too many partitions; {hint}"
    column = table.columns.get(term.column)
    if column is None:
        return f"column '{term.column}' is not under columns; use one of: {', '.join(table.columns)}"
    if not term.fits(column.kind):
        return f"{term.transform} does not fit type {column.type}; use {' or '.join(_fitting(column.kind))}"
    return None


def _fitting(kind: str) -> list[str]:
    return [transform for transform, kinds in TRANSFORMS.items() if kind in kinds]
