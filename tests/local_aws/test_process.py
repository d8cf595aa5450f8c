"""The server process: how it starts, is found, and never outlives whoever needs it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_trials import create_job, is_gone, start, wait_for

from data_hub.errors import DataHubError
from local_aws.process import LocalAws
from local_aws.state_file import State

ROOT = Path(__file__).resolve().parents[2]

OWNER = """
import os, sys, time
from pathlib import Path
from local_aws.process import LocalAws
aws = LocalAws.start(Path(sys.argv[1]))
fork = os.fork()  # it holds the server's pipe open, as the forks of Airflow's executors would
if fork:
    print(aws.endpoint, fork, flush=True)
time.sleep(600)
"""

# Writes the process ids of the script and of a child that it starts, and stays.
JOB = """
    import json, os, pathlib, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    file = pathlib.Path(sys.argv[sys.argv.index("--pids") + 1])
    file.with_suffix(".partial").write_text(json.dumps([os.getpid(), child.pid]))
    file.with_suffix(".partial").rename(file)
    time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that started a local AWS for ``tmp_path``."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")])}
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    with process:
        yield process
        process.kill()


def start_lasting_job(aws: LocalAws, directory: Path) -> list[int]:
    pids = directory / "pids.json"
    create_job(aws, "lasting", JOB)
    start(aws, "lasting", Arguments={"--pids": str(pids)})
    wait_for(pids.exists, "the job writes its process ids")
    return list(json.loads(pids.read_text()))


def test_starts_finds_and_stops_a_server(tmp_path: Path) -> None:
    assert LocalAws.running(tmp_path) is None
    with LocalAws.start(tmp_path) as aws:
        assert aws.endpoint.startswith("http://127.0.0.1:")
        found = LocalAws.running(tmp_path)
        assert found is not None
        with found:
            found.client("s3").create_bucket(Bucket="kept")
        assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == ["kept"]
        with pytest.raises(DataHubError, match=f"already runs for .* at {aws.endpoint}"):
            LocalAws.start(tmp_path)
    assert LocalAws.running(tmp_path) is None


def test_its_environment_leads_other_programs_to_it(aws: LocalAws) -> None:
    program = "import boto3; print('local' in [b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    aws.client("s3").create_bucket(Bucket="local")
    environment = os.environ | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"} | aws.environment
    assert subprocess.check_output([sys.executable, "-c", program], env=environment, text=True) == "True\n"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DataHubError, match=rf"Port {port} on 127.0.0.1 is taken: stop the program"):
            LocalAws.start(tmp_path, port=port)
    assert LocalAws.running(tmp_path) is None


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataHubError, match="OverflowError") as raised:
        LocalAws.start(tmp_path, port=70_000)
    assert str(tmp_path / "local-aws.log") in str(raised.value)


def test_stopping_ends_the_job_runs(tmp_path: Path) -> None:
    with LocalAws.start(tmp_path) as aws:
        job = start_lasting_job(aws, tmp_path)
    assert all(is_gone(pid) for pid in job)
    assert list((tmp_path / "job-runs").iterdir()) == []


@pytest.mark.parametrize(
    ("victim", "end"),
    [
        ("owner", signal.SIGKILL),
        ("owner", signal.SIGINT),
        ("server", signal.SIGKILL),
        ("server", signal.SIGTERM),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_no_process_stays(owner: subprocess.Popen[str], tmp_path: Path, victim: str, end: signal.Signals) -> None:
    assert owner.stdout is not None
    endpoint, fork = owner.stdout.readline().split()
    aws = LocalAws.attach(endpoint)
    job = start_lasting_job(aws, tmp_path)
    state = State.read(tmp_path)
    assert state is not None
    assert not is_gone(state.pid)

    os.kill(owner.pid if victim == "owner" else state.pid, end)

    try:
        wait_for(lambda: all(is_gone(pid) for pid in (state.pid, *job)), "server and job are gone")
    finally:
        os.kill(int(fork), signal.SIGKILL)
    assert LocalAws.running(tmp_path) is None


def test_a_server_that_was_killed_leaves_directory_and_port_usable(tmp_path: Path) -> None:
    leftover = tmp_path / "job-runs" / "jr_killed"
    with LocalAws.start(tmp_path) as killed:
        killed.client("s3").create_bucket(Bucket="forgotten")
        leftover.mkdir(parents=True)
        state = State.read(tmp_path)
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        wait_for(lambda: LocalAws.running(tmp_path) is None, "the server is gone")
        with LocalAws.start(tmp_path, port=int(killed.endpoint.rpartition(":")[2])) as again:
            assert again.endpoint == killed.endpoint
            assert again.client("s3").list_buckets()["Buckets"] == []
            assert not leftover.exists()
