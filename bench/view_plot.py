"""The seconds in which one institution's reports are there, as a plot: python -m bench.view_plot RESULTS PICTURE."""

import statistics
import sys
from pathlib import Path

from bench.plots import OTHERS, OURS
from bench.results import Results

SHORT = {
    "athena": "ours: the view, local Athena",
    "duckdb_view": "the view's text, DuckDB",
    "duckdb_case": "bare MAX(CASE), DuckDB",
    "duckdb_pivot": "PIVOT, DuckDB",
    "polars": "pivot, polars",
    "spark": "the view's text, PySpark",
}


def draw(results: Results, picture: Path) -> None:
    """Draw the first answer in a process."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "data-hub", "font.size": 9})
    from matplotlib import pyplot

    seconds = {
        name: statistics.median(run["asked"][0] for run in runs)
        for name in SHORT
        if (runs := results.cases.get(f"ask/{name}", []))
    }
    names = sorted(seconds, key=lambda name: -seconds[name])
    figure, axis = pyplot.subplots(figsize=(7, 0.6 + 0.4 * len(names)), layout="constrained")
    colours = [OURS if name == "athena" else OTHERS for name in names]
    bars = axis.barh([SHORT[name] for name in names], [seconds[name] for name in names], color=colours)
    axis.bar_label(bars, [f"{seconds[name]:.2f}" for name in names], padding=3)
    axis.set_xscale("log")
    axis.margins(x=0.15)
    axis.set_xlabel("seconds to 8 reports of 1,902 items, first answer in a process")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    draw(Results.load(Path(sys.argv[1])), Path(sys.argv[2]))
