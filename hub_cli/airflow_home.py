"""Settings under which Airflow runs on one machine, for processes that the command line starts."""

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from hub_cli.locations import ROOT
from local_aws.environment import without_foreign

# What a user may set: poll times, and connections over which people are notified.
_OURS = ("DATA_HUB_", "AIRFLOW_CONN_DATA_HUB_")


def settings(home: Path, repository: Path) -> dict[str, str]:
    """Return the environment variables for every Airflow process.

    - ``AIRFLOW_HOME``: Airflow's SQLite database and logs are kept there; it is made when it is missing.
    - ``AIRFLOW__CORE__DAGS_FOLDER``, ``AIRFLOW__CORE__PLUGINS_FOLDER``, ``PYTHONPATH``: the repository's DAGs and
      library.
    - ``AIRFLOW__CORE__LOAD_EXAMPLES``: none of Airflow's example DAGs.
    - ``AIRFLOW__LOGGING__COLORED_CONSOLE_LOG``: the log goes to a file.
    - ``AIRFLOW__LOGGING__NAMESPACE_LEVELS``: that a client has found the local AWS is no news.
    - ``AIRFLOW__USAGE_DATA_COLLECTION__ENABLED``: nothing leaves this machine.
    - ``DATA_HUB_POLL_SECONDS``, ``DATA_HUB_WATCH_SECONDS``: the local AWS is near, ask it often.

    Args:
        home: directory that Airflow keeps its state in.
        repository: directory that holds ``dags/`` and ``plugins/``.
    """
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(repository / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "botocore=WARNING aiobotocore=WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": str(repository / "plugins"),
        "DATA_HUB_POLL_SECONDS": "1",
        "DATA_HUB_WATCH_SECONDS": "5",
    }


def server_settings(port: int) -> dict[str, str]:
    """Return the further environment variables for scheduler, DAG processor, triggerer and API server.

    - The API server listens on 127.0.0.1 only, and asks for no password there.
    - DAGs run as soon as they are there; up to four tasks at a time, in processes of the scheduler.
    - The keys that the processes share are new at each start.
    - A busy machine makes them slow: they wait a minute for each other and for the database, not 5 seconds.
    - Of two waits for nothing, the scheduler's and the search for DAG files, both are short: one machine, few DAGs.

    Args:
        port: the API server's port.
    """
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "hub_cli.one_machine.loopback",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "hub_cli.one_machine.PATIENT",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS_ASYNC": "hub_cli.one_machine.PATIENT",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        # A process that changes its title would overwrite its environment, by which we know it as ours.
        "SPT_NOENV": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        # Airflow may see the end of a deferred task's process this late, and takes the task for lost when its trigger
        # fired before: a Glue job on this machine ends within seconds.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def process_environment(airflow: Mapping[str, str], aws: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of an Airflow process that the command line starts.

    Of this process's own environment, variables of another Airflow or another AWS are left out; ``DATA_HUB_*`` has
    precedence over the settings, and ``AIRFLOW_CONN_DATA_HUB_*`` are this project's own connections.

    Args:
        airflow: Airflow's settings.
        aws: variables that lead to AWS.
    """
    inherited = without_foreign(os.environ)
    chosen = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    # Airflow starts programs by name, also where the virtual environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    python_path = os.pathsep.join([airflow["PYTHONPATH"], str(ROOT)])
    return {**inherited, **airflow, **aws, **chosen, "PATH": path, "PYTHONPATH": python_path}
