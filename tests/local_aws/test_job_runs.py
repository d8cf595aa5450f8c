"""Glue job runs as a boto3 user sees them."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from job_trials import create_job, finished, is_gone, job_run, log, run, start, wait_for, wait_for_state

from local_aws.process import LocalAws

FOREVER = "import time\nprint('started', flush=True)\ntime.sleep(600)"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS whose timeout minutes last a second, started from an environment as Airflow users have it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_HOME", "MOTO_TRIAL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "of the parent")
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        started = LocalAws.start(tmp_path_factory.mktemp("job-runs"), minute_seconds=1.0)
    with started:
        yield started


def test_a_run_that_ends_normally_succeeded(aws: LocalAws) -> None:
    create_job(aws, "normal", "import sys, time\ntime.sleep(1.1)\nprint('out')\nprint('err', file=sys.stderr)")
    result = run(aws, "normal")
    assert result["JobRunState"] == "SUCCEEDED"
    assert "ErrorMessage" not in result
    assert result["StartedOn"] < result["CompletedOn"]
    assert 1 <= result["ExecutionTime"] <= 5
    settings = [result[name] for name in ("GlueVersion", "WorkerType", "NumberOfWorkers", "Timeout")]
    assert settings == ["5.1", "G.1X", 2, 60]
    assert log(aws, "output", result["Id"]) == ["out"]
    assert log(aws, "error", result["Id"]) == ["err"]


def test_a_live_run_is_running_and_not_completed(aws: LocalAws) -> None:
    create_job(aws, "live", FOREVER)
    run_id = start(aws, "live")
    result = wait_for_state(aws, "live", run_id, "RUNNING")
    assert "CompletedOn" not in result
    wait_for(lambda: log(aws, "output", run_id) == ["started"], "output of the live run in its log")


def test_the_script_gets_the_jobs_arguments_overridden_by_the_runs(aws: LocalAws) -> None:
    defaults = {"--a": "default", "--b": "default", "--empty": ""}
    create_job(aws, "arguments", "import json, sys; print(json.dumps(sys.argv))", DefaultArguments=defaults)
    result = run(aws, "arguments", Arguments={"--b": "of the run"})
    script, *words = json.loads(log(aws, "output", result["Id"])[0])
    assert script.endswith("/arguments.py")
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "--a": "default",
        "--b": "of the run",
        "--empty": "",
        "--JOB_NAME": "arguments",
        "--JOB_RUN_ID": result["Id"],
    }


def test_the_environment_of_the_parent_does_not_leak(aws: LocalAws) -> None:
    role = "arn:aws:iam::123456789012:role/trial-role"
    create_job(aws, "environment", "import json, os; print(json.dumps(dict(os.environ)))", Role=role)
    environment = json.loads(log(aws, "output", run(aws, "environment")["Id"])[0])
    assert "of the parent" not in environment.values()
    # By the access key the local AWS knows who calls.
    assert environment.items() >= {**aws.environment, "AWS_ACCESS_KEY_ID": "trial-role"}.items()


def test_boto3_reaches_the_local_aws_in_spite_of_a_proxy(aws: LocalAws) -> None:
    script = """
        import boto3, os
        print(os.environ["HTTP_PROXY"], [job["Name"] for job in boto3.client("glue").get_jobs()["Jobs"]].count("boto3"))
    """
    create_job(aws, "boto3", script)
    assert log(aws, "output", run(aws, "boto3")["Id"]) == ["http://127.0.0.1:9 1"]


def test_libraries_come_from_the_zip_alone(aws: LocalAws) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as library:
        library.writestr("trial_library/__init__.py", "ORIGIN = 'zip'")
    script = """
        import importlib.util, trial_library
        from awsglue.utils import getResolvedOptions
        print(trial_library.ORIGIN, [importlib.util.find_spec(name) for name in ("data_hub", "local_aws", "job_run")])
    """
    arguments = {"--extra-py-files": "s3://job-trials/library.zip"}
    create_job(aws, "library", script, DefaultArguments=arguments)
    aws.client("s3").put_object(Bucket="job-trials", Key="library.zip", Body=buffer.getvalue())
    result = run(aws, "library")
    assert log(aws, "output", result["Id"]) == ["zip [None, None, None]"]


@pytest.mark.parametrize(
    ("name", "script", "message"),
    [
        ("exception", "raise LookupError('two\\nlines')", "LookupError: two\nlines"),
        ("own-exception", "class Stop(Exception): ...\nraise Stop('now')", "Stop: now"),
        ("exit-text", "import sys; sys.exit('no rows')", "no rows"),
        ("exit-code", "import sys; print('why\\n', file=sys.stderr); sys.exit(3)", "why"),
        ("silent", "import sys; sys.exit(3)", "The script ended with exit code 3 and no message"),
        ("not-python", "this is no Python", "SyntaxError: invalid syntax (not-python.py, line 1)"),
    ],
)
def test_a_run_that_ends_in_another_way_failed(aws: LocalAws, name: str, script: str, message: str) -> None:
    create_job(aws, name, script)
    result = run(aws, name)
    assert (result["JobRunState"], result["ErrorMessage"]) == ("FAILED", message)


@pytest.mark.parametrize("missing", ["s3://job-trials/nowhere.py", "s3://no-such-bucket/script.py"])
def test_a_missing_script_is_named(aws: LocalAws, missing: str) -> None:
    create_job(aws, "no-script", "", Command={"Name": "glueetl", "ScriptLocation": missing})
    result = run(aws, "no-script")
    assert result["JobRunState"] == "FAILED"
    assert missing in result["ErrorMessage"]


def test_a_missing_library_is_named(aws: LocalAws) -> None:
    arguments = {"--extra-py-files": "s3://job-trials/no-library.zip"}
    create_job(aws, "no-library", "print('never')", DefaultArguments=arguments)
    result = run(aws, "no-library")
    assert result["JobRunState"] == "FAILED"
    assert "s3://job-trials/no-library.zip" in result["ErrorMessage"]
    assert log(aws, "output", result["Id"]) == []


def test_a_run_beyond_its_timeout_is_ended(aws: LocalAws) -> None:
    create_job(aws, "slow", FOREVER, Timeout=1)
    result = run(aws, "slow")
    assert result["JobRunState"] == "TIMEOUT"
    assert result["ErrorMessage"] == "The job run exceeded its timeout of 1 minutes"


def test_what_a_script_started_ends_with_it(aws: LocalAws) -> None:
    script = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    create_job(aws, "parent", script)
    result = run(aws, "parent")
    assert result["JobRunState"] == "SUCCEEDED"
    assert is_gone(int(log(aws, "output", result["Id"])[0]))


def test_the_timeout_of_the_run_overrides_the_jobs(aws: LocalAws) -> None:
    create_job(aws, "slow-run", FOREVER, Timeout=60)
    assert run(aws, "slow-run", Timeout=1)["JobRunState"] == "TIMEOUT"


def test_a_run_can_be_stopped_even_if_its_script_ignores_sigterm(aws: LocalAws) -> None:
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    create_job(aws, "stopped", script + FOREVER)
    run_id = start(aws, "stopped")
    wait_for(lambda: log(aws, "output", run_id), "the script runs")
    answer = aws.client("glue").batch_stop_job_run(JobName="stopped", JobRunIds=[run_id])
    assert answer["SuccessfulSubmissions"] == [{"JobName": "stopped", "JobRunId": run_id}]
    assert job_run(aws, "stopped", run_id)["JobRunState"] == "STOPPING"
    result = finished(aws, "stopped", run_id)
    assert result["JobRunState"] == "STOPPED"
    assert "ErrorMessage" not in result


def test_stopping_what_does_not_run_is_an_error_per_run(aws: LocalAws) -> None:
    create_job(aws, "over", "pass")
    over = run(aws, "over")["Id"]
    answer = aws.client("glue").batch_stop_job_run(JobName="over", JobRunIds=[over, "jr_unknown"])
    assert answer["SuccessfulSubmissions"] == []
    codes = {error["JobRunId"]: error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]}
    assert codes == {over: "InvalidInputException", "jr_unknown": "EntityNotFoundException"}


def test_no_more_runs_than_max_concurrent_runs(aws: LocalAws) -> None:
    create_job(aws, "limited", FOREVER, ExecutionProperty={"MaxConcurrentRuns": 2})
    glue = aws.client("glue")

    def try_to_start(_: int) -> str | None:
        try:
            return glue.start_job_run(JobName="limited")["JobRunId"]
        except glue.exceptions.ConcurrentRunsExceededException:
            return None

    with ThreadPoolExecutor(8) as pool:
        started = [run_id for run_id in pool.map(try_to_start, range(8)) if run_id]
    assert len(started) == 2
    assert {entry["Id"] for entry in glue.get_job_runs(JobName="limited")["JobRuns"]} == set(started)
    glue.batch_stop_job_run(JobName="limited", JobRunIds=started[:1])
    finished(aws, "limited", started[0])
    assert try_to_start(0)


def test_an_unknown_job_cannot_be_started(aws: LocalAws) -> None:
    glue = aws.client("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException, match="no-such-job"):
        glue.start_job_run(JobName="no-such-job")


def test_much_output_arrives_whole_and_in_order(aws: LocalAws) -> None:
    create_job(aws, "talkative", "for n in range(20_000): print(n, 'é' * 20)")
    result = run(aws, "talkative")
    assert result["JobRunState"] == "SUCCEEDED"
    assert log(aws, "output", result["Id"]) == [f"{n} {'é' * 20}" for n in range(20_000)]
