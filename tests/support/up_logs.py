"""The last lines of everything that a ``hub up`` logged, for the report of a test that failed."""

import json
from pathlib import Path

from hub_up import HubUp

LINES = 25
TASK_LOGS = 6
# What boto3 and Airflow say in every task.
_CHATTER = ("botocore", "aiobotocore", "airflow.dag_processing", "py.warnings")


def read(up: HubUp) -> list[tuple[str, str]]:
    """Return headings and texts: the command's output, Airflow's processes, the newest task logs."""
    folder = up.checkout.path / ".hub" / "up"
    tasks = sorted(folder.glob("airflow/logs/dag_id=*/**/*.log*"), key=lambda file: file.stat().st_mtime)
    files = [up.output_file, *sorted(folder.glob("*.log")), *tasks[-TASK_LOGS:]]
    return [(str(file.relative_to(up.checkout.path)), _tail(file)) for file in files]


def _tail(file: Path) -> str:
    lines = [_readable(line) for line in file.read_text(errors="replace").splitlines()]
    return "\n".join([line for line in lines if line][-LINES:])


def _readable(line: str) -> str:
    if not line.startswith("{"):
        return line
    entry = json.loads(line)
    if str(entry.get("logger", "")).startswith(_CHATTER) or entry.get("category") or "::" in entry["event"][:2]:
        return ""
    details = f" {json.dumps(entry['error_detail'])[-800:]}" if "error_detail" in entry else ""
    return f"{entry.get('timestamp', '')[11:19]} {entry.get('level', '')} {entry['event']}{details}"
