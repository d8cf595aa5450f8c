"""The results as tables for people."""

import os
from pathlib import Path

from bench import plots
from bench.results import Results

NAMES = {
    "ours": "**ours**: contract, rejects, lineage, ledger",
    "polars_sink_iceberg": "polars, sink_iceberg",
    "polars_add_files": "polars, sink_parquet + add_files",
    "duckdb_add_files": "DuckDB, COPY + add_files",
    "naive_pyiceberg": "pyarrow.csv + pyiceberg append",
    "spark_csv": "PySpark, its CSV reader",
    "dlt_arrow": "dlt, duckdb/arrow reader",
    "dlt_csv": "dlt, default CSV reader",
}
MARKS = ("<!-- ingestion: written by bench/ingestion.py -->", "<!-- /ingestion -->")
TITLES = {
    "engines": "One object, as an export has its rows",
    "small": "The same, smaller: start-up counts",
    "shuffled": "One object, rows in no order",
}


def write(results: Results, folder: Path, readme: Path | None) -> None:
    """Write the tables and plots of results.

    Args:
        results: the measurements.
        folder: takes ``ingestion.md`` and the pictures.
        readme: takes the tables between its marks, if given.
    """
    pictures = plots.draw(results, folder)
    text = markdown(results)
    shown = "".join(f"\n![{name}]({path.name})\n" for name, path in pictures.items())
    (folder / "ingestion.md").write_text(f"# The ingestion against its peers\n\n{text}{shown}")
    if readme:
        before, _, rest = readme.read_text().partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        shown = "".join(f"\n![{name}]({os.path.relpath(path, readme.parent)})\n" for name, path in pictures.items())
        readme.write_text(f"{before}{MARKS[0]}\n{text}{shown}{MARKS[1]}{after}")


def markdown(results: Results) -> str:
    """Return the tables of what was measured; a section without measurements is left out."""
    parts = ["; ".join(f"{name}: {value}" for name, value in results.machine.items()) + ".\n"]
    shown: set[str] = set()
    for section, title in TITLES.items():
        by_dataset: dict[str, list[str]] = {}
        for key in _measured(results, section):
            by_dataset.setdefault(key.partition("/")[0], []).append(key)
        parts += [_of_dataset(results, keys, title) for name, keys in by_dataset.items() if name not in shown]
        shown |= by_dataset.keys()
    parts += [table(results) for table in (_rows, _files, _others) if table(results)]
    if results.failed:
        parts.append("".join(f"Not measured: {key}: {reason}\n" for key, reason in results.failed.items()))
    return "\n".join(parts)


def _measured(results: Results, section: str) -> list[str]:
    return [key for key in dict.fromkeys(results.sections.get(section, [])) if results.count(key)]


def _of_dataset(results: Results, keys: list[str], title: str) -> str:
    ours = next((key for key in keys if key.endswith("/ours")), None)
    lines = [
        f"{title}: {_rows_of(keys[0]):,} rows\n",
        "| engine | runs | s, median (low to high) | against ours | k rows/s | processor s | peak MB | files | MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key in sorted(keys, key=lambda key: results.median(key, "seconds")):
        seconds = results.median(key, "seconds")
        ratio = f"{seconds / results.median(ours, 'seconds'):.2f}x" if ours else ""
        first = results.cases[key][0]
        lines.append(
            f"| {NAMES[key.rpartition('/')[2]]} | {results.count(key)} | {_spread(results, key)} | {ratio} | "
            f"{_rows_of(key) / seconds / 1000:,.0f} | {results.median(key, 'cpu_seconds'):.1f} | "
            f"{results.median(key, 'peak_mb'):,.0f} | {first['data_files']} | {first['data_mb']:,.0f} |"
        )
    return "\n".join([*lines, ""])


def _rows(results: Results) -> str:
    keys = _measured(results, "rows")
    lines = [
        "Ours, one object\n",
        "| rows | runs | s, median (lowest to highest) | k rows/s | peak MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {_rows_of(key):,} | {results.count(key)} | {_spread(results, key)} | "
        f"{_rows_of(key) / results.median(key, 'seconds') / 1000:,.0f} | {results.median(key, 'peak_mb'):,.0f} |"
        for key in keys
    ]
    return "\n".join([*lines, ""]) if keys else ""


def _files(results: Results) -> str:
    keys = _measured(results, "files")
    lines = [
        "Ours, objects of 1 KB\n",
        "| objects | runs | s, median (lowest to highest) | again with nothing new, s | peak MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {_rows_of(key):,} | {results.count(key)} | {_spread(results, key)} | "
        f"{_spread(results, key, 'again')} | {results.median(key, 'peak_mb'):,.0f} |"
        for key in keys
    ]
    return "\n".join([*lines, ""]) if keys else ""


def _others(results: Results) -> str:
    keys = [*_measured(results, "rejects"), *_measured(results, "ledger")]
    lines = [
        "Ours, other cases\n",
        "| case | runs | s, median (lowest to highest) | peak MB |",
        "| --- | --- | --- | --- |",
    ]
    for key in keys:
        count = f"{_rows_of(key):,}"
        what = f"{count} rows, {'5 % of them' if 'rejects' in key else 'none'} rejected"
        if key.startswith("ledger"):
            what = f"start beside a ledger of {count} keys, nothing new"
        spread, peak = _spread(results, key), results.median(key, "peak_mb")
        lines.append(f"| {what} | {results.count(key)} | {spread} | {peak:,.0f} |")
    return "\n".join([*lines, ""]) if keys else ""


def _spread(results: Results, key: str, of: str = "") -> str:
    seconds = results.series(key, "seconds", of)
    return f"{results.median(key, 'seconds', of):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def _rows_of(key: str) -> int:
    return int(key.partition("/")[0].split("-")[1])
