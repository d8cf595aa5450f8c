from pathlib import Path

from hub_cli.airflow_home import settings


def test_airflow_keeps_its_state_in_the_home_and_reads_the_repository() -> None:
    values = settings(Path("/home/x/.hub/airflow"), Path("/repo"))
    assert values["AIRFLOW_HOME"] == "/home/x/.hub/airflow"
    assert values["AIRFLOW__CORE__DAGS_FOLDER"] == "/repo/dags"
    assert values["AIRFLOW__CORE__PLUGINS_FOLDER"] == values["PYTHONPATH"] == "/repo/plugins"
    assert values["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
