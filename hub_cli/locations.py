"""Where things lie in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DAGS = ROOT / "dags"
PIPELINES = DAGS / "pipelines"
SAMPLE = ROOT / "examples" / "collections-data"

STATE = ROOT / ".hub"
AIRFLOW_HOME = STATE / "airflow"
LAST_RUN = STATE / "last-run"
LOCAL_AWS = STATE / "aws"
RUN_AWS = STATE / "run-aws"
QUERY_AWS = STATE / "query-aws"
RUN_LOG = STATE / "run.log"


def shown(path: Path) -> str:
    """Return a path as people type it: relative to the working directory where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
