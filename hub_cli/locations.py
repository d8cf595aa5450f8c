"""Where things lie in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIPELINES = ROOT / "dags" / "pipelines"
SAMPLE = ROOT / "examples" / "collections-data"
STATE = ROOT / ".hub"
LAST_RUN = STATE / "last-run"
RUN_LOG = STATE / "run.log"


def shown(path: Path) -> str:
    """Return a path as people type it: relative to the working directory where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
