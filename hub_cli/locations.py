"""Where things lie in a checkout."""

from pathlib import Path

from data_hub.errors import DataHubError

ROOT = Path(__file__).resolve().parent.parent
DAGS = ROOT / "dags"
PIPELINES = DAGS / "pipelines"
SCRIPTS = ROOT / "glue_jobs"
SAMPLE = ROOT / "examples" / "collections-data"
SAMPLE_PIPELINE = "collections"

STATE = ROOT / ".hub"
AIRFLOW_HOME = STATE / "airflow"
LAST_RUN = STATE / "last-run"
LOCAL_AWS = STATE / "aws"
RUN_AWS = STATE / "run-aws"
RUN_LOCK = STATE / "run.lock"
RUN_LOG = STATE / "run.log"
SQL_HISTORY = STATE / "sql-history"
UP = STATE / "up"
UP_LOCK = STATE / "up.lock"


def shown(path: Path) -> str:
    """Return a path as people type it: relative to the working directory where both lie in this checkout."""
    near = Path.cwd().is_relative_to(ROOT) and path.is_relative_to(Path.cwd())
    return str(path.relative_to(Path.cwd())) if near else str(path)


def path_of_pipeline(name: str) -> Path:
    """Return the file of a pipeline.

    Raises:
        DataHubError: there is no such pipeline; the text names those that there are.
    """
    path = PIPELINES / f"{name.removesuffix('.yaml').rsplit('/', 1)[-1]}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in PIPELINES.glob("*.yaml"))) or "none"
        raise DataHubError(f"There is no pipeline '{name}' in dags/pipelines; there are: {known}")
    return path


def dag_file(pipeline_name: str) -> Path:
    """Return the DAG file of a pipeline.

    Raises:
        DataHubError: there is none.
    """
    path = DAGS / f"{pipeline_name}.py"
    if not path.is_file():
        raise DataHubError(f"{shown(path)} is missing; docs/pipelines.md, step 2, shows its two lines")
    return path
