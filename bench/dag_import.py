"""What building a DAG costs beyond importing Airflow and the Amazon provider.

    python bench/dag_import.py [RUNS]

Each figure is taken in a process of its own; the two kinds take turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMER = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
AIRFLOW = (
    "from airflow.sdk import DAG, TriggerRule; "
    "from airflow.providers.amazon.aws.operators.glue import GlueJobOperator; "
    "from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor"
)
DAG = f"import runpy; runpy.run_path({str(ROOT / 'dags' / 'collections.py')!r})"


def main(runs: int) -> None:
    """Measure and print medians in seconds."""
    with tempfile.TemporaryDirectory() as home:
        _seconds(AIRFLOW, home)  # the first import of a new Airflow home writes its configuration
        pairs = [(_seconds(AIRFLOW, home), _seconds(DAG, home)) for _ in range(runs)]
    airflow, dag = (statistics.median(column) for column in zip(*pairs, strict=True))
    added = statistics.median(dag_seconds - airflow_seconds for airflow_seconds, dag_seconds in pairs)
    print(f"import of Airflow and the Amazon provider: {airflow:.2f} s")
    print(f"import of the DAG file:                    {dag:.2f} s")
    print(f"added by building the DAG:                 {added:.2f} s (median of {runs} pairs)")


def _seconds(statement: str, home: str) -> float:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT / "plugins"),
    }
    command = [sys.executable, "-c", TIMER.format(statement)]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return float(printed.splitlines()[-1])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
