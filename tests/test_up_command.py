"""``./hub up``, ``put`` and ``status`` beside one running Airflow; how it ends is in ``test_up_processes.py``."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from checkout import Checkout
from collections_pipeline import HEADER_V1, row_v1
from hub_up import HubUp, wait_for

from hub_cli import session

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hub_up")]

BROKEN = "raise RuntimeError('half a DAG')  # airflow dag\n"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubUp]:
    with HubUp.running(Checkout.copy_to(tmp_path_factory.mktemp("up")), DATA_HUB_WATCH_SECONDS="2") as started:
        yield started


def test_airflow_is_healthy_on_loopback_only_and_asks_for_no_password(up: HubUp) -> None:
    assert set(up.api.health().values()) == {"healthy"}
    assert [dag["dag_id"] for dag in up.api.get("dags")["dags"]] == ["collections"]
    assert f"Airflow is at {up.state.url}, without a password" in up.output()
    with urllib.request.urlopen(up.state.url) as page:  # noqa: S310  (our own URL)
        assert page.status == 200
    members = session.members(up.state.session, up.state.airflow_home)
    addresses = {
        socket.laddr.ip
        for process in [*members, *psutil.Process(up.launcher.pid).children(recursive=True)]
        for socket in process.net_connections()
        if socket.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_a_file_that_is_put_is_told_of_until_it_is_in_the_views(up: HubUp, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(HEADER_V1 + row_v1() + row_v1("BHCK3210"))
    (tmp_path / "bad.csv").write_bytes(b"seriesid,aod,rssdid,key,value\nFRY9C,20251231,1,BHCK2170,1\n")
    (tmp_path / "notes.txt").write_bytes(b"not of this pipeline")
    put = up.checkout.hub("put", str(tmp_path))
    assert put.returncode == 0, put.stderr
    assert "left out, does not fit the pattern" in put.stdout
    assert "./hub status tells how far it is" in put.stdout
    up.await_line("good.csv, ")
    up.await_line("2 files: 2 rows read = 2 ingested + 0 rejected")
    assert "Not ingested: " in up.await_line("✘ rejected_files: ")
    answer = up.checkout.hub("sql", "SELECT count(*) AS n FROM fry9c_report_view")
    assert answer.stdout.split()[1] == "1"


def test_status_tells_who_drives_what_ran_and_what_was_rejected(up: HubUp) -> None:
    shown = up.checkout.hub("status")
    assert shown.returncode == 0, shown.stderr
    assert "collections, driven by Airflow" in shown.stdout
    assert f"Airflow: {up.state.url}, healthy" in shown.stdout
    assert "bad.csv: the header lacks the required columns submission_ts" in shown.stdout
    document = json.loads(up.checkout.hub("status", "--json").stdout)
    assert (document["orchestrator"], document["airflow"]["paused"]) == ("airflow", False)
    assert document["waiting"]["count"] == 0
    assert document["ledger"]["ingested"] == {"files": 1, "rows_read": 2, "rows_ingested": 2, "rows_rejected": 0}
    assert [Path(entry["key"]).name for entry in document["rejected_files"]] == ["bad.csv"]
    assert {run["job"]: run["state"] for run in document["job_runs"]} == {
        "csv-to-iceberg-ingestion": "SUCCEEDED",
        "create-views-dual-engine": "SUCCEEDED",
    }
    run = next(run for run in document["airflow"]["runs"] if "2 files" in str(run["summaries"]))
    assert (run["state"], run["failed"][0]["task"]) == ("success", "rejected_files")


def test_the_task_log_is_there_without_log_servers(up: HubUp) -> None:
    run = up.trigger()
    up.await_line("began: by hand")
    assert up.await_run(run) == "success"
    log = up.api.get(f"dags/collections/dagRuns/{run}/taskInstances/wait_for_objects/logs/1", full_content=True)
    assert any("new objects" in str(line["event"]).lower() for line in log["content"])


def test_a_paused_dag_and_waiting_files_are_shown(up: HubUp, tmp_path: Path) -> None:
    up.await_line("✔ collections ")
    up.api.patch("dags/collections", {"is_paused": True})
    try:
        (tmp_path / "late.csv").write_bytes(HEADER_V1 + row_v1("BHCK3211"))
        assert up.checkout.hub("put", str(tmp_path / "late.csv")).returncode == 0
        shown = up.checkout.hub("status").stdout
        assert "the DAG is paused" in shown
        assert "1 file, the oldest for" in shown
        assert "/late.csv" in shown.partition("Waiting")[2]
    finally:
        up.api.patch("dags/collections", {"is_paused": False})
    up.trigger()
    up.await_line("1 file: 1 row")


def test_a_second_up_names_the_first(up: HubUp) -> None:
    second = up.checkout.hub("up", "--no-browser")
    assert (second.returncode, second.stdout) == (1, "")
    assert f"./hub up runs already (process {up.launcher.pid}): Airflow is at {up.state.url}" in second.stderr


def test_a_component_that_was_killed_is_started_again_and_told_of(up: HubUp) -> None:
    up.component("triggerer").kill()
    up.await_line("⚠ airflow triggerer ended with exit code -9, and was started again")
    assert up.state.components["triggerer"].starts == 2


def test_a_dag_file_that_breaks_is_told_of_and_so_is_its_mending(up: HubUp) -> None:
    file = up.checkout.path / "dags" / "collections.py"
    whole = file.read_text()
    file.write_text(whole + BROKEN)
    up.await_line("✘ DAG collections cannot be imported")
    up.await_line("RuntimeError: half a DAG")
    assert "the DAG cannot be imported" in up.checkout.hub("status").stdout
    file.write_text(whole)
    up.await_line("✔ DAG collections can be imported again")


def test_a_run_goes_side_by_side_and_the_environment_file_leads_to_this_aws(up: HubUp) -> None:
    lines = (up.checkout.path / ".hub" / "up" / "aws.env").read_text().splitlines()
    assert f"export AWS_ENDPOINT_URL={up.state.aws_endpoint}" in lines
    ran = up.checkout.hub("run")
    assert ran.returncode == 0, ran.stdout
    wait_for(lambda: set(up.api.health().values()) == {"healthy"}, 30)
