"""What the DAG processor and every task wait for."""

import os
import subprocess
import sys


def test_the_operators_come_without_the_sql_parser() -> None:
    """It takes a quarter of a second, for two words of a view's check."""
    script = "import sys, data_hub.airflow.operators; print('sqlglot' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False"
