"""Settings under which Airflow runs on one machine, for processes that the command line starts."""

from pathlib import Path


def settings(home: Path, repository: Path) -> dict[str, str]:
    """Return the environment variables for an Airflow process.

    - ``AIRFLOW_HOME``: Airflow's SQLite database and logs are kept there; it is made when it is missing.
    - ``AIRFLOW__CORE__DAGS_FOLDER``, ``AIRFLOW__CORE__PLUGINS_FOLDER``, ``PYTHONPATH``: the repository's DAGs and
      library.
    - ``AIRFLOW__CORE__LOAD_EXAMPLES``: none of Airflow's example DAGs.
    - ``AIRFLOW__LOGGING__COLORED_CONSOLE_LOG``: the log goes to a file.
    - ``DATA_HUB_POLL_SECONDS``: the local AWS is near, ask it every second.

    The caller drops other ``AIRFLOW__*`` variables of its own environment, and adds those that lead to AWS.

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
        "PYTHONPATH": str(repository / "plugins"),
        "DATA_HUB_POLL_SECONDS": "1",
    }
