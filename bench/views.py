"""Publishing the views of a wide report, and one institution's rows of it, held against a pivot by other means.

Runs in .venv, where the local AWS is; the peers run in .venv-bench. Each measurement is a process of its own.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.measure import measure
from bench.results import Results
from bench.view_engines import ENGINES
from local_aws.process import LocalAws

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(tempfile.gettempdir()) / "data-hub-bench"
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PATHS = {"PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
# What the job does: each is one run of it. A new item changes what the view shows, so it comes after the questions.
BEFORE_QUESTIONS = ("first", "unchanged", "unchecked")
AFTER_QUESTIONS = "new-item"
RSSDID = 1_000_000 + 7919 * 7
NAMES = {
    "athena": "**ours**: the published view through the local Athena, files in the local S3",
    "duckdb_view": "the view's text for Athena on DuckDB, files on disk",
    "duckdb_case": "bare `MAX(CASE)` on DuckDB, no rules, no types",
    "duckdb_pivot": "DuckDB's `PIVOT`, no rules, no types",
    "polars": "polars' `pivot`, no rules, no types",
    "spark": "the view's text for Spark on PySpark, `local[2]`",
}
TITLES = {
    "first": "published the first time, and checked",
    "unchanged": "again, unchanged, checked",
    "new-item": "again, with a new item, checked",
    "unchecked": "again, unchanged, without Athena's checks",
}
MARKS = ("<!-- views: written by bench/views.py -->", "<!-- /views -->")


def main(arguments: argparse.Namespace) -> None:
    """Measure and write the report."""
    results = Results(arguments.output) if arguments.fresh else Results.load(arguments.output)
    if not arguments.report:
        results.machine = json.loads(
            _run(
                BENCH_PYTHON,
                "import json; from bench import machine; from pathlib import Path; "
                f"print(json.dumps(machine.describe(Path({str(ROOT)!r}))))",
            )
        )
        folder = _made()
        for _ in range(arguments.runs):
            _measure_run(results, folder, arguments.engines)
    picture = arguments.output.with_name("views.svg")
    subprocess.run(
        [BENCH_PYTHON, "-m", "bench.view_plot", arguments.output, picture], env=os.environ | PATHS, check=True
    )
    text = f"{markdown(results)}\n![one institution's reports](results/{picture.name})\n"
    print(text)
    arguments.output.with_suffix(".md").write_text(f"# Views\n\n{text.replace('(results/', '(')}")
    if arguments.readme:
        readme = ROOT / "bench" / "README.md"
        before, _, rest = readme.read_text().partition(MARKS[0])
        readme.write_text(f"{before}{MARKS[0]}\n{text}{MARKS[1]}{rest.partition(MARKS[1])[2]}")


def _measure_run(results: Results, folder: Path, engines: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch, LocalAws.start(Path(scratch)) as aws:
        environment = os.environ | aws.environment | PATHS
        print("writing the table into the local AWS ...", flush=True)
        subprocess.run([sys.executable, "-m", "bench.view_rows", "aws"], env=environment, check=True)
        log = Path(scratch) / "log.txt"
        for what in BEFORE_QUESTIONS:
            _keep(results, f"publish/{what}", _publish(what, folder), environment, log)
        for engine in engines:
            python = sys.executable if engine == "athena" else str(BENCH_PYTHON)
            command = [python, "-m", "bench.view_engines", engine, str(folder), str(RSSDID)]
            _keep(results, f"ask/{engine}", command, environment, log)
        _keep(results, f"publish/{AFTER_QUESTIONS}", _publish(AFTER_QUESTIONS, folder), environment, log)


def _publish(what: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "bench.view_publishing", what, str(folder)]


def _keep(results: Results, key: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    taken = measure(command, environment, log)
    told: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    expected = next((one["found"] for name, runs in results.cases.items() if name[:4] == "ask/" for one in runs), None)
    if "found" in told and expected not in (None, told["found"]):
        raise AssertionError(f"{key} gives {told['found']}, the engine before it {expected}")
    results.add(key, asdict(taken) | told)
    print(key, told.get("asked", told.get("published")), f"{taken.peak_mb:,.0f} MB", flush=True)


def _made() -> Path:
    """Return the folder with the table, made if it is not there."""
    folder = CACHE / "views"
    if not folder.exists():
        print(f"writing the table, once, into {folder} ...", flush=True)
        folder.mkdir(parents=True)
        try:
            subprocess.run([sys.executable, "-m", "bench.view_rows", str(folder)], env=os.environ | PATHS, check=True)
        except BaseException:
            shutil.rmtree(folder)
            raise
    return folder


def _run(python: Path, code: str) -> str:
    return subprocess.run(
        [python, "-c", code], env=os.environ | PATHS, check=True, capture_output=True, text=True
    ).stdout


def markdown(results: Results) -> str:
    """Return the tables."""
    parts = ["; ".join(f"{name}: {value}" for name, value in results.machine.items()) + ".\n\n"]
    parts.append("| publishing 1,902 items x 460 institutions x 8 quarters, 7.0 M rows | runs | s | peak MB |\n")
    parts.append("| --- | --- | --- | --- |\n")
    for what in (*BEFORE_QUESTIONS, AFTER_QUESTIONS):
        key = f"publish/{what}"
        if results.count(key):
            peak = results.median(key, "peak_mb")
            spread = _spread(results.series(key, "published"))
            parts.append(f"| {TITLES[what]} | {results.count(key)} | {spread} | {peak:,.0f} |\n")
    parts.append(
        "\n| one institution, 8 rows x 1,905 columns | runs | s, first time in a process | s, further times | "
    )
    parts.append("peak MB |\n| --- | --- | --- | --- | --- |\n")
    for engine in ENGINES:
        if runs := results.cases.get(f"ask/{engine}", []):
            first, further = (
                [each for run in runs for each in run["asked"][part]] for part in (slice(1), slice(1, None))
            )
            peak = results.median(f"ask/{engine}", "peak_mb")
            parts.append(f"| {NAMES[engine]} | {len(runs)} | {_spread(first)} | {_spread(further)} | {peak:,.0f} |\n")
    return "".join(parts)


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=list(ENGINES))
    parser.add_argument("--runs", type=int, default=3, help="runs of everything; the median counts (3)")
    parser.add_argument("--quick", action="store_const", const=1, dest="runs", help="one run")
    parser.add_argument("--fresh", action="store_true", help="forget the results that are there")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the tables anew")
    parser.add_argument("--readme", action="store_true", help="put the tables into bench/README.md too")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "views.json")
    return parser


if __name__ == "__main__":
    main(_parser().parse_args())
