"""What live tests change in a copy of the working tree before Airflow starts: more pipelines, short waits, holds."""

from pathlib import Path

import yaml
from checkout import Checkout

HELD = "held"
# A minute of a Glue job's timeout lasts so long.
MINUTE_SECONDS = 4.0

_DAG_FILE = f'''"""DAG of a trial pipeline, whose tasks wait at two places while a file lies in {HELD}/."""

import os
import time
from datetime import timedelta
from pathlib import Path

from data_hub.airflow import build_dag
from data_hub.airflow.hooks import DeployedGlueJobHook

HELD = Path(__file__).parent.parent / "{HELD}"
start = DeployedGlueJobHook.initialize_job


def hold(place):
    file = HELD / place
    if file.exists():
        (HELD / f"{{place}}.pids").write_text(f"{{os.getppid()}} {{os.getpid()}}")
    while file.exists():
        time.sleep(0.05)


def start_and_hold(self, *arguments):
    answer = start(self, *arguments)
    hold(f"{{self.job_name}}.started")
    return answer


DeployedGlueJobHook.initialize_job = start_and_hold
dag = build_dag(__file__)
for task in dag.tasks:
    task._pre_execute_hook = lambda context: hold(context["ti"].task_id)
    task.retry_delay = timedelta(seconds=1)
'''
# Airflow gives up on a worker that is silent for five minutes; here for some seconds.
_SETTINGS = """

_of_users = server_settings


def server_settings(port: int) -> dict[str, str]:
    return {
        **_of_users(port),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    }
"""
_LOCAL_AWS = f"""

LocalAws.start.__func__.__defaults__ = (0, {MINUTE_SECONDS}, None)
"""


def prepare(checkout: Checkout, pipelines: dict[str, dict[str, str]]) -> None:
    """Change a checkout.

    Args:
        checkout: the copy.
        pipelines: further pipelines, name to what differs: ``orchestrator``, ``catch_up``. They begin paused.
    """
    (checkout.path / HELD).mkdir()
    dags = checkout.path / "dags"
    (dags / "collections.py").write_text(_DAG_FILE)
    for name, changes in pipelines.items():
        (dags / f"{name}.py").write_text(_DAG_FILE + "dag.is_paused_upon_creation = True\n")
        _write_pipeline(dags / "pipelines", name, changes)
    collections = dags / "pipelines" / "collections.yaml"
    # Else a test that a full hour falls into sees one run more.
    collections.write_text(collections.read_text().replace("cron(0 * * * ? *)", "cron(0 0 1 1 ? *)"))
    _append(checkout.path / "hub_cli" / "airflow_home.py", _SETTINGS)
    _append(checkout.path / "local_aws" / "process.py", _LOCAL_AWS)


def _write_pipeline(folder: Path, name: str, changes: dict[str, str]) -> None:
    text = (folder / "collections.yaml").read_text()
    for word in ("csv-to-iceberg-ingestion", "create-views-dual-engine", "dual-engine-views-trigger"):
        text = text.replace(word, f"{name}-{word}")
    pipeline = yaml.safe_load(text.replace("collections", name))
    pipeline["orchestrator"] = changes.get("orchestrator", "airflow")
    pipeline["source"]["catch_up"] = changes.get("catch_up", pipeline["source"]["catch_up"])
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)
