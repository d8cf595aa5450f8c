"""Which DAGs a running Airflow has, and which DAG files it could not import."""

import time
from collections.abc import Iterable
from pathlib import PurePosixPath

from hub_cli.airflow_api import AirflowApi, NoAnswer, Refused

PARSED_SECONDS = 60.0
_LOOK_SECONDS = 0.3


def await_dags(api: AirflowApi, expected: Iterable[str]) -> dict[str, str]:
    """Return when each DAG is there or has an import error, or after a minute.

    Args:
        api: a running Airflow.
        expected: DAG ids; a DAG's file is called like the DAG.

    Returns:
        DAG id to what is wrong with it; nothing for those that are there.
    """
    deadline = time.monotonic() + PARSED_SECONDS
    while True:
        found, errors = _look(api)
        missing = [dag for dag in expected if dag not in found]
        if all(dag in errors for dag in missing):
            return errors
        if time.monotonic() > deadline:
            return errors | {dag: "its DAG file was not read within a minute" for dag in missing if dag not in errors}
        time.sleep(_LOOK_SECONDS)


def paused(api: AirflowApi) -> list[str]:
    """Return the ids of the DAGs that somebody, or Airflow after many failures, has paused."""
    return [dag["dag_id"] for dag in api.get("dags", paused=True, limit=100)["dags"]]


def import_errors(api: AirflowApi) -> dict[str, str]:
    """Return DAG id to the stack trace of its file's import error; raises like ``AirflowApi.get``."""
    errors = api.get("importErrors", limit=100)["import_errors"]
    return {PurePosixPath(error["filename"]).stem: error["stack_trace"].strip() for error in errors}


def _look(api: AirflowApi) -> tuple[set[str], dict[str, str]]:
    try:
        return {dag["dag_id"] for dag in api.get("dags", limit=100)["dags"]}, import_errors(api)
    except (NoAnswer, Refused):
        return set(), {}
