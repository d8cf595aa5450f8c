"""The ingestion held against its peers: time and memory, side by side on one machine.

Every engine turns the same CSV objects into one committed snapshot of an Iceberg table on local disk, with the same
types and the same partition spec, in a process of its own. Runs of the engines take turns. Afterwards one and the same
reader checks each table.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, report
from bench.measure import EngineFailed, measure
from bench.plan import ENGINES, SLOWEST, Case, Dataset, Sizes
from bench.results import Results

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(tempfile.gettempdir()) / "data-hub-bench"
QUICK = Sizes(rows=1_000_000, more_rows=(200_000, 1_000_000, 2_000_000), files=(100, 1_000), ledger_keys=10_000, runs=1)
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT / 'bench' / 'without_pandas'}:{ROOT / 'plugins'}:{ROOT}",
    # The local catalog needs no account; nothing may look for one.
    "AWS_EC2_METADATA_DISABLED": "true",
    "SPARK_LOCAL_IP": "127.0.0.1",
}

WITH_PANDAS = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}


def main(arguments: argparse.Namespace) -> None:
    """Measure what is missing and write the report."""
    results = Results.load(arguments.output)
    if arguments.fresh:
        results.cases.clear()
    if not arguments.report:
        results.machine = machine.describe(ROOT)
        print("\n".join(f"{name}: {value}" for name, value in results.machine.items()), flush=True)
        sizes = _sizes(arguments)
        sections = sizes.sections()
        for name, cases in sections.items():
            results.sections[name] = list(
                dict.fromkeys([*results.sections.get(name, []), *(case.key for case in cases)])
            )
        wanted = [sections[name] for name in arguments.sections or sections]
        if arguments.prepare:
            for dataset in dict.fromkeys(case.dataset for cases in wanted for case in cases):
                _made(dataset)
            return
        Bench(results, [case for cases in wanted for case in cases]).run(wanted)
    report.write(results, arguments.output.parent, ROOT / "bench" / "README.md" if arguments.readme else None)
    print(f"results: {arguments.output}, tables and plots beside it")


class Bench:
    """Runs cases, one after the other."""

    def __init__(self, results: Results, cases: Sequence[Case]) -> None:
        self._results = results
        self._total = sum(results.missing(case.key, case.runs) for case in {case.key: case for case in cases}.values())
        self._done = 0
        self._began = time.monotonic()

    def run(self, sections: Sequence[Sequence[Case]]) -> None:
        """Measure what the results lack; the engines of a section take turns."""
        for cases in sections:
            for turn in range(max((case.runs for case in cases), default=0)):
                for case in cases:
                    if turn < case.runs and turn >= self._results.count(case.key):
                        self._measure(case, turn)

    def _measure(self, case: Case, turn: int) -> None:
        objects = _made(case.dataset)
        self._done += 1
        minutes = (time.monotonic() - self._began) / 60
        print(f"[{self._done}/{self._total}, {minutes:.1f} min] {case.key}, run {turn + 1} of {case.runs}: ", end="")
        sys.stdout.flush()
        (CACHE / "runs").mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(dir=CACHE / "runs"))
        try:
            found = self._of_ledger(case, objects, home) if _is_ledger(case) else self._of_engine(case, objects, home)
        except EngineFailed as error:
            print(f"FAILED\n{error}")
            self._results.fail(case.key, str(error).splitlines()[-1])
            return
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self._results.add(case.key, found)
        again = f"; again with nothing new {found['again']['seconds']:.2f} s" if "again" in found else ""
        print(f"{found['seconds']:.2f} s, {found['peak_mb']:,.0f} MB{again}", flush=True)

    def _of_engine(self, case: Case, objects: Path, home: Path) -> dict[str, object]:
        command = [sys.executable, "-m", f"bench.engines.{case.engine}", str(home), str(objects)]
        environment = WITH_PANDAS if case.engine == SLOWEST else ENVIRONMENT
        found: dict[str, object] = asdict(measure(command, environment, home / "log.txt"))
        is_first = self._results.count(case.key) == 0
        found |= _checked(home, objects, only_count=not is_first)
        if case.again:
            found["again"] = asdict(measure(command, ENVIRONMENT, home / "log.txt"))
        return found

    def _of_ledger(self, case: Case, objects: Path, home: Path) -> dict[str, object]:
        command = [sys.executable, "-m", "bench.ledger_start", str(objects), case.dataset.arguments[0]]
        return asdict(measure(command, ENVIRONMENT, home / "log.txt"))


def _is_ledger(case: Case) -> bool:
    return case.engine == "ledger_start"


def _made(dataset: Dataset) -> Path:
    """Return the folder of a dataset, made if it is not there; code that makes it anew makes another folder."""
    made_by = b"".join(
        (ROOT / "bench" / name).read_bytes() for name in ("workload.py", "datasets.py", "ledger_start.py")
    )
    folder = CACHE / f"{dataset.name}-{sha256(made_by).hexdigest()[:8]}"
    if not folder.exists():
        print(f"making {dataset.name}, once, in {folder} ...", flush=True)
        # Made in its place, for a table knows its own; not named as done before it is.
        folder.mkdir(parents=True)
        try:
            subprocess.run(
                [sys.executable, "-m", dataset.module, str(folder), *dataset.arguments], env=ENVIRONMENT, check=True
            )
        except BaseException:
            shutil.rmtree(folder)
            raise
    return folder


def _checked(home: Path, objects: Path, *, only_count: bool) -> dict[str, object]:
    """Return the layout of a run's table.

    Raises:
        EngineFailed: other rows are in it than in the objects.
    """
    command = [sys.executable, "-m", "bench.facts", str(home), *(["count"] if only_count else [])]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineFailed(f"its table cannot be checked:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout)
    expected = json.loads(objects.with_name(f"{objects.name}.json").read_text())
    wrong = {name: value for name, value in found["facts"].items() if value != expected[name]}
    if wrong:
        raise EngineFailed(f"its table holds {wrong}, the objects {[expected[name] for name in wrong]}")
    return dict(found["layout"])


def _sizes(arguments: argparse.Namespace) -> Sizes:
    given = {name: getattr(arguments, name) for name in ("rows", "runs", "engines") if getattr(arguments, name)}
    return Sizes(**{**asdict(QUICK if arguments.quick else Sizes()), **given})


def _parser() -> argparse.ArgumentParser:
    def names(known: Sequence[str]) -> Callable[[str], list[str]]:
        def parse(text: str) -> list[str]:
            short = {name.partition("_")[0]: name for name in reversed(known)}
            chosen = [short.get(name, name) for name in text.split(",")]
            if unknown := set(chosen) - set(known):
                raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(known)}")
            return chosen

        return parse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sections", type=names(list(Sizes().sections())), help="default: " + ",".join(Sizes().sections())
    )
    parser.add_argument("--engines", type=names(ENGINES), help="default: " + ",".join(ENGINES))
    parser.add_argument("--rows", type=int, help="rows of the sections engines and shuffled (10,000,000)")
    parser.add_argument("--runs", type=int, help="runs of each case; the median counts (3)")
    parser.add_argument("--quick", action="store_true", help="1M rows, fewer files, one run")
    parser.add_argument(
        "--fresh", action="store_true", help="forget the results that are there, else only missing ones are measured"
    )
    parser.add_argument("--prepare", action="store_true", help="make the objects, measure nothing")
    parser.add_argument("--report", action="store_true", help="measure nothing, write tables and plots anew")
    parser.add_argument("--readme", action="store_true", help="put the tables into bench/README.md too")
    parser.add_argument(
        "--output", type=Path, help="results, a JSON file (bench/results/ingestion.json; quick: in the cache)"
    )
    return parser


if __name__ == "__main__":
    parsed = _parser().parse_args()
    parsed.output = (
        parsed.output or (CACHE / "quick" if parsed.quick else ROOT / "bench" / "results") / "ingestion.json"
    )
    main(parsed)
