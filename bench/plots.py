"""The results as plots: SVG files that stay the same as long as the figures do."""

from collections.abc import Callable
from pathlib import Path

from bench.results import Results

SHORT = {
    "ours": "ours, with everything",
    "polars_sink_iceberg": "polars sink_iceberg",
    "polars_add_files": "polars + add_files",
    "duckdb_add_files": "DuckDB + add_files",
    "naive_pyiceberg": "pyarrow + append",
    "spark_csv": "PySpark",
    "dlt_arrow": "dlt, arrow",
    "dlt_csv": "dlt, csv",
}
OURS, OTHERS, LIMIT = "#c2410c", "#94a3b8", "#334155"


def draw(results: Results, folder: Path) -> dict[str, Path]:
    """Draw what was measured and return the pictures by name."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {"svg.hashsalt": "data-hub", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    drawn: dict[str, Path] = {}
    plots: dict[str, tuple[str, Callable[..., None]]] = {
        "engines": ("engines", _bars),
        "rows": ("rows", _lines),
        "files": ("files", _lines),
    }
    for name, (section, plot) in plots.items():
        keys = [key for key in dict.fromkeys(results.sections.get(section, [])) if results.count(key)]
        if section == "engines":  # the largest one of several
            most = max((_count(key) for key in keys), default=0)
            keys = [key for key in keys if _count(key) == most]
        if keys:
            drawn[name] = folder / f"ingestion-{name}.svg"
            plot(results, keys, name, drawn[name])
    return drawn


def _bars(results: Results, keys: list[str], _name: str, path: Path) -> None:
    from matplotlib import pyplot

    keys = sorted(keys, key=lambda key: -results.median(key, "seconds"))
    labels = [SHORT[key.rpartition("/")[2]] for key in keys]
    colours = [OURS if key.endswith("/ours") else OTHERS for key in keys]
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 0.6 + 0.4 * len(keys)), sharey=True, layout="constrained")
    for axis, name, title, digits in zip(axes, ("seconds", "peak_mb"), ("seconds", "peak MB"), (1, 0), strict=True):
        values = [results.median(key, name) for key in keys]
        bars = axis.barh(labels, values, color=colours)
        axis.bar_label(bars, [f"{value:,.{digits}f}" for value in values], padding=3)
        axis.margins(x=0.15)
        axis.set_xlabel(title)
    figure.suptitle(f"{_count(keys[0]):,} rows of CSV to one Iceberg commit")
    _save(figure, path)


def _lines(results: Results, keys: list[str], name: str, path: Path) -> None:
    from matplotlib import pyplot

    keys = sorted(keys, key=_count)
    counts = [_count(key) for key in keys]
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    time.plot(counts, [results.median(key, "seconds") for key in keys], "o-", color=OURS, label="first run")
    if name == "files":
        again = [results.median(key, "seconds", "again") for key in keys]
        time.plot(counts, again, "o-", color=OTHERS, label="again, nothing new")
        time.legend(frameon=False)
    memory.plot(counts, [results.median(key, "peak_mb") for key in keys], "o-", color=OURS)
    time.set_yscale("log")  # a straight line then grows with its work
    time.yaxis.set_major_formatter("{x:g}")
    memory.axhline(1000, color=LIMIT, linestyle=":", linewidth=1)
    for axis, figure_name in ((time, "seconds"), (memory, "peak_mb")):
        for count, key in zip(counts, keys, strict=True):
            text = f"{results.median(key, figure_name):,.{1 if axis is time else 0}f}"
            axis.annotate(
                text, (count, results.median(key, figure_name)), (0, 6), textcoords="offset points", ha="right"
            )
    memory.annotate("limit: 1 GB", (counts[0], 1000), (0, -11), textcoords="offset points", color=LIMIT)
    memory.set_ylim(0, 1.15 * max(1000, *(results.median(key, "peak_mb") for key in keys)))
    for axis, title in ((time, "seconds"), (memory, "peak MB")):
        axis.margins(x=0.12, y=0.12)
        axis.set_xscale("log")
        axis.set_xticks(counts, [f"{count:,}" for count in counts])
        axis.minorticks_off()
        axis.set_ylabel(title)
        axis.set_xlabel("rows in one object" if name == "rows" else "objects of 1 KB")
    _save(figure, path)


def _count(key: str) -> int:
    return int(key.split("/")[0].split("-")[1])


def _save(figure: object, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})  # type: ignore[attr-defined]
    pyplot.close(figure)  # type: ignore[arg-type]
