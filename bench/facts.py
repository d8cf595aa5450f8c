"""What is in a table, in a few numbers: those of the text that was made, and those that one reader finds in the table.

    python -m bench.facts HOME [count]    prints them for the table of a run, as JSON; or only what its metadata says

Every engine's table is read by the same reader, so that none gets away with less, or with other values.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from bench import iceberg
from bench.workload import NO_NUMBER

TEXTS = ("item_mdrm", "item_desc", "context_level1_mdrm", "context_level1_desc", "context_level1_value")


def of_rows(batches: Iterable[pa.RecordBatch]) -> dict[str, Any]:
    """Return count, sums and the count of each partition of typed rows."""
    counts: Counter[str] = Counter()
    partitions: Counter[str] = Counter()
    total = Decimal(0)
    for batch in batches:
        counts["rows"] += len(batch)
        counts["values"] += pc.count(batch["item_value"]).as_py()
        counts["rssdid"] += pc.sum(batch["rssdid"]).as_py() or 0
        counts["days"] += pc.sum(batch["aod"].cast(pa.int32()).cast(pa.int64())).as_py() or 0
        counts["seconds"] += pc.sum(pc.divide(batch["submission_ts"].cast(pa.int64()), 1_000_000)).as_py() or 0
        for name in TEXTS:
            counts[name] += pc.sum(pc.binary_length(batch[name])).as_py() or 0
        total += pc.sum(batch["item_value"]).as_py() or 0
        years = pc.year(batch["aod"]).cast(pa.string())
        for each in pc.value_counts(pc.binary_join_element_wise(batch["seriesid"].cast(pa.string()), years, " ")):
            partitions[each["values"].as_py()] += each["counts"].as_py()
    return {**counts, "total": str(total), "partitions": dict(sorted(partitions.items()))}


def of_csv(path: Path) -> dict[str, Any]:
    """Return the facts of the good rows of a CSV object."""
    kinds = dict.fromkeys(iceberg.TYPES, pa.string()) | {"rssdid": pa.int64(), "submission_ts": pa.int64()}
    options = csv.ConvertOptions(column_types=kinds, strings_can_be_null=True, null_values=[""])
    return of_rows(map(_typed, csv.open_csv(path, convert_options=options)))


def _typed(batch: pa.RecordBatch) -> pa.RecordBatch:
    good = pc.fill_null(pc.not_equal(batch["item_value"], NO_NUMBER), fill_value=True)
    batch = batch.filter(good)
    changed = {
        "aod": pc.strptime(batch["aod"], "%Y%m%d", "s").cast(pa.date32()),
        "submission_ts": batch["submission_ts"].cast(pa.timestamp("s", tz="UTC")).cast(iceberg.MOMENT),
        "item_value": batch["item_value"].cast(pa.decimal128(38, 6)),
    }
    return pa.RecordBatch.from_pydict({name: changed.get(name, batch[name]) for name in batch.schema.names})


def of_table(home: Path, *, only_count: bool) -> dict[str, Any]:
    """Return the facts of a run's table, and how it is laid out.

    Args:
        home: folder of the run.
        only_count: leave it at the number of rows, which needs no data file to be read.

    Raises:
        AssertionError: the table has another schema, partition spec or compression than asked for.
    """
    table = iceberg.load_table(home)
    found = {name: table.schema().find_type(name) for name in iceberg.TYPES}
    _require(found == iceberg.TYPES, f"the table has other types: {found}")
    spec = [(table.schema().find_column_name(part.source_id), str(part.transform)) for part in table.spec().fields]
    _require(spec == [("seriesid", "identity"), ("aod", "year")], f"the table is partitioned by {spec}")
    paths = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    codecs = {pq.read_metadata(path).row_group(0).column(0).compression for path in paths}
    _require(codecs == {"ZSTD"}, f"the data files are compressed by {codecs}")
    layout = {"data_files": len(paths), "data_mb": round(sum(Path(path).stat().st_size for path in paths) / 1e6, 1)}
    if only_count:
        return {"facts": {"rows": table.scan().count()}, "layout": layout}
    rows = table.scan(selected_fields=tuple(iceberg.TYPES)).to_arrow_batch_reader()
    return {"facts": of_rows(rows), "layout": layout}


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001  (as an assert, which is not for programs)
    if not condition:
        raise AssertionError(otherwise)


if __name__ == "__main__":
    print(json.dumps(of_table(Path(sys.argv[1]), only_count="count" in sys.argv[2:])))
