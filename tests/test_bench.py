"""The measurements of the ingestion: what is measured is real work, and the same for everyone."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from collections_pipeline import ROOT

from bench import datasets, facts, report
from bench.plan import Sizes
from bench.results import Results
from bench.workload import BATCH_ROWS, Workload
from data_hub.pipelines import pipeline_file

ROWS = 10_000
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
ENGINES = ("ours", "naive_pyiceberg", "polars_sink_iceberg", "polars_add_files", "duckdb_add_files", "dlt_arrow")


def lines(workload: Workload) -> list[bytes]:
    return b"".join(workload.csv_batches()).splitlines()


def run(python: Path | str, module: str, *arguments: object) -> str:
    command = [str(python), "-m", module, *map(str, arguments)]
    environment = {"PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(arguments[0])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_shuffled_rows_are_the_rows_in_another_order() -> None:
    ordered, shuffled = lines(Workload(ROWS)), lines(Workload(ROWS, shuffled=True))
    assert len(ordered) == ROWS
    assert ordered != shuffled
    assert sorted(ordered) == sorted(shuffled)


def test_any_part_of_the_rows_can_be_made_by_itself() -> None:
    workload = Workload(ROWS)
    parts = [workload.csv_text(start, min(start + 3_333, ROWS)) for start in range(0, ROWS, 3_333)]
    assert b"".join(parts) == workload.csv_text(0, ROWS)
    assert ROWS <= BATCH_ROWS


def test_about_the_wanted_share_of_the_rows_breaks_the_contract() -> None:
    faulty = sum(b",n/a," in line for line in lines(Workload(ROWS, rejects=0.05)))
    assert 0.04 * ROWS < faulty < 0.06 * ROWS


def test_small_files_are_about_a_kilobyte(tmp_path: Path) -> None:
    datasets.make_small_files(tmp_path / "files", 20)
    sizes = [path.stat().st_size for path in (tmp_path / "files").rglob("*.csv")]
    assert len(sizes) == 20
    assert all(900 < size < 1200 for size in sizes)
    assert json.loads(datasets.facts_of(tmp_path / "files").read_text())["rows"] == 20 * datasets.ROWS_OF_SMALL_FILE


def test_ours_ends_in_the_rows_that_were_made_and_finds_nothing_new_the_second_time(tmp_path: Path) -> None:
    home, objects = tmp_path / "home", tmp_path / "objects"
    home.mkdir()
    datasets.make(objects, Workload(ROWS, rejects=0.05))
    expected = json.loads(datasets.facts_of(objects).read_text())
    first = run(sys.executable, "bench.engines.ours", home, objects)
    assert f"{ROWS:,} rows read = {expected['rows']:,} ingested + {ROWS - expected['rows']:,} rejected" in first
    assert facts.of_table(home, only_count=False)["facts"] == expected
    assert run(sys.executable, "bench.engines.ours", home, objects) == "Nothing new to ingest\n"


@pytest.mark.slow
@pytest.mark.skipif(not BENCH_PYTHON.exists(), reason="requirements/install bench")
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_ends_in_the_rows_that_were_made(engine: str, tmp_path: Path) -> None:
    home, objects = tmp_path / "home", tmp_path / "objects"
    home.mkdir()
    datasets.make(objects, Workload(ROWS, shuffled=True))
    run(BENCH_PYTHON, f"bench.engines.{engine}", home, objects)
    found = json.loads(run(BENCH_PYTHON, "bench.facts", home))
    assert found["facts"] == json.loads(datasets.facts_of(objects).read_text())


def test_the_contract_of_the_measurements_is_a_pipeline_file() -> None:
    assert pipeline_file.load(ROOT / "bench" / "bench.yaml").table.partition_by == ["seriesid", "year(aod)"]


def test_every_engine_of_the_plan_is_a_module_with_a_name() -> None:
    for engine in Sizes().engines:
        assert importlib.util.find_spec(f"bench.engines.{engine}"), engine
        assert engine in report.NAMES


def test_an_interrupted_series_goes_on_where_it_ended(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.json")
    results.add("rows-10/ours", {"seconds": 2.0})
    results.add("rows-10/ours", {"seconds": 4.0})
    read = Results.load(results.path)
    assert read.missing("rows-10/ours", 3) == 1
    assert read.median("rows-10/ours", "seconds") == 3.0
