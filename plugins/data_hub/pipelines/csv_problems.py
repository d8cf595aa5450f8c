"""What is wrong with the description of CSV files, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_hub.pipelines.pipeline import Csv, Pipeline, Table


def of_source(pipeline: Pipeline) -> list[str]:
    """Return one line for each contradiction between ``source.csv`` and the rest."""
    csv, table = pipeline.source.csv, pipeline.table
    problems = [*_text_problems(csv), *(_wide_problems(csv, table) if csv.layout == "wide" else _long_problems(csv))]
    return [f"source.csv.{problem}" for problem in problems]


def _text_problems(csv: Csv) -> Iterator[str]:
    for token in csv.null_tokens:
        if csv.delimiter in token:
            yield f"null_tokens: '{token}' holds the delimiter '{csv.delimiter}' and is never one field; take it out"
    if csv.multiline and csv.quoting == "none":
        yield "multiline: only a field in quotes can hold a line end; write quoting: rfc4180, or take multiline out"


def _long_problems(csv: Csv) -> Iterator[str]:
    for field in ("item_column", "value_column"):
        if getattr(csv, field):
            yield f"{field}: only layout: wide has it; remove it, or write layout: wide"


def _wide_problems(csv: Csv, table: Table) -> Iterator[str]:
    for field in ("item_column", "value_column"):
        name = getattr(csv, field)
        if name is None:
            yield f"{field}: is missing, layout: wide needs it; name a column of the contract"
        elif name not in table.columns:
            yield f"{field}: '{name}' is not under table.columns; use one of: {', '.join(table.columns)}"
    if csv.item_column and csv.item_column == csv.value_column:
        yield f"value_column: '{csv.value_column}' is the item_column too; name another"
    if not table.columns.keys() - {csv.item_column, csv.value_column}:
        yield "layout: wide needs a key column too, by which a row is found; add one to table.columns"
    items = table.columns.get(csv.item_column or "")
    if items and items.type != "string":
        yield f"item_column: '{csv.item_column}' is {items.type}, and names of items are text; make it a string"
    if table.unknown_columns == "evolve":
        yield "layout: wide makes an item of every unknown column; remove table.unknown_columns: evolve"
