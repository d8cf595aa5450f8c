"""One run of the views job on the table of bench.view_rows; prints its seconds.

python -m bench.view_publishing first|unchanged|new-item|unchecked FOLDER    keeps the report view's texts in FOLDER
"""

import contextlib
import json
import sys
import time
from pathlib import Path

import boto3
import pyarrow as pa

from bench import view_rows
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.views import ViewOptions, create_views

WANTED = {"first": "created", "unchanged": "unchanged", "new-item": "replaced", "unchecked": "unchanged"}


def main(what: str, folder: str) -> None:
    """Publish the views."""
    place = view_rows.deployment(view_rows.DATABASE)
    if what == "new-item":
        _add_item()
    options = ViewOptions(athena_workgroup=None if what == "unchecked" else "primary")
    began = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        published = create_views(view_rows.PIPELINE, place, options)
    seconds = time.perf_counter() - began
    [report] = [view for view in published if view.name == "fry9c_report_view"]
    if report.outcome != WANTED[what]:
        raise AssertionError(f"the report view was {report.outcome}, not {WANTED[what]}")
    view = boto3.client("glue").get_table(DatabaseName=place.database, Name=report.name)["Table"]
    texts = {one["Dialect"]: one["ViewOriginalText"] for one in view["ViewDefinition"]["Representations"]}
    if what == "first":
        (Path(folder) / "texts.json").write_text(json.dumps(texts))
    print(json.dumps({"published": round(seconds, 3), "characters": {name: len(text) for name, text in texts.items()}}))


def _add_item() -> None:
    """Report an item that nobody has reported, of an institution of its own."""
    table = view_rows.open_table(open_catalog(), view_rows.deployment(view_rows.DATABASE))
    row = next(view_rows.parts()).slice(0, 1)
    changed = {"item_mdrm": "BHCK9999", "rssdid": 1}
    for name, value in changed.items():
        place = row.column_names.index(name)
        row = row.set_column(place, name, pa.array([value], row.schema.field(name).type))
    view_rows.add(table, iter([row]))


if __name__ == "__main__":
    main(*sys.argv[1:])
