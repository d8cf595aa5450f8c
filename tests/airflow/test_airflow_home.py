from pathlib import Path

import pytest

from hub_cli.airflow_home import process_environment, server_settings, settings


def test_airflow_keeps_its_state_in_the_home_and_reads_the_repository() -> None:
    values = settings(Path("/home/x/.hub/airflow"), Path("/repo"))
    assert values["AIRFLOW_HOME"] == "/home/x/.hub/airflow"
    assert values["AIRFLOW__CORE__DAGS_FOLDER"] == "/repo/dags"
    assert values["AIRFLOW__CORE__PLUGINS_FOLDER"] == values["PYTHONPATH"] == "/repo/plugins"
    assert values["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"


def test_the_server_listens_on_loopback_and_its_keys_are_new_each_time() -> None:
    values, others = server_settings(8080), server_settings(8080)
    assert (values["AIRFLOW__API__HOST"], values["AIRFLOW__API__PORT"]) == ("127.0.0.1", "8080")
    assert values["AIRFLOW__API_AUTH__JWT_SECRET"] != others["AIRFLOW__API_AUTH__JWT_SECRET"]


def test_another_airflow_and_another_aws_of_the_user_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://real")
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("AIRFLOW_CONN_DATA_HUB_SLACK", "slackwebhook://")
    monkeypatch.setenv("DATA_HUB_WATCH_SECONDS", "2")
    values = process_environment(settings(Path("/home"), Path("/repo")), {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert "AIRFLOW_CONN_AWS_DEFAULT" not in values
    assert "AWS_PROFILE" not in values
    assert values["AIRFLOW_CONN_DATA_HUB_SLACK"] == "slackwebhook://"
    assert (values["DATA_HUB_WATCH_SECONDS"], values["DATA_HUB_POLL_SECONDS"]) == ("2", "1")
    assert values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
