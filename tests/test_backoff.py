"""When a job that failed on a set of objects is tried again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from job_trials import create_job, run, start

from data_hub import backoff
from local_aws.process import LocalAws

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def job_run(state: str, digest: str = "A", minute: int = 0) -> Any:
    """A run as GetJobRuns describes it; it began at that minute and took half of one."""
    described = {
        "JobRunState": state,
        "StartedOn": NOON + timedelta(minutes=minute),
        "Arguments": {"--new_objects_digest": digest},
    }
    if state not in {"STARTING", "RUNNING", "STOPPING", "WAITING"}:
        described["CompletedOn"] = NOON + timedelta(minutes=minute, seconds=30)
    return described


RUNS = st.lists(
    st.builds(
        job_run,
        st.sampled_from(["SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "RUNNING", "STARTING"]),
        st.sampled_from("AB"),
        st.integers(0, 600),
    ),
    max_size=8,
    unique_by=lambda run: run["StartedOn"],
)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (1000, 60)]
)
def test_the_delay_doubles_up_to_an_hour(failures: int, minutes: int) -> None:
    assert backoff.delay(failures) == timedelta(minutes=minutes)


def test_a_job_that_never_ran_may_start() -> None:
    nothing = backoff.of_runs([], "A")
    assert (nothing.is_active, nothing.failures, nothing.until) == (False, 0, None)


def test_failures_on_the_same_set_are_counted_from_the_last_success() -> None:
    runs = [job_run("FAILED", minute=1), job_run("SUCCEEDED", minute=2), *(job_run("FAILED", minute=m) for m in (3, 9))]
    judged = backoff.of_runs(runs, "A")
    assert (judged.failures, judged.until) == (2, NOON + timedelta(minutes=11, seconds=30))


def test_another_set_is_tried_at_once() -> None:
    assert backoff.of_runs([job_run("FAILED"), job_run("TIMEOUT", minute=1)], "B").until is None


def test_a_run_without_a_digest_counts_as_no_failure_of_this_set() -> None:
    by_hand = job_run("FAILED") | {"Arguments": {}}
    assert backoff.of_runs([by_hand], "A").failures == 0


@given(RUNS, st.randoms(use_true_random=False))
def test_it_judges_by_time_whatever_the_order_of_the_runs(runs: list[Any], random: Any) -> None:
    judged = backoff.of_runs(runs, "A")
    random.shuffle(runs)
    assert backoff.of_runs(runs, "A") == judged
    succeeded = [run["StartedOn"] for run in runs if run["JobRunState"] == "SUCCEEDED"]
    failed = [
        run["StartedOn"]
        for run in runs
        if run["JobRunState"] in {"FAILED", "STOPPED", "TIMEOUT", "ERROR"}
        and run["Arguments"] == {"--new_objects_digest": "A"}
        and run["StartedOn"] > max(succeeded, default=NOON - timedelta(1))
    ]
    assert judged.failures == len(failed)
    assert judged.is_active == any(run["JobRunState"] in {"RUNNING", "STARTING"} for run in runs)
    if judged.until is not None:
        assert timedelta(minutes=1) <= judged.until - max(failed) <= timedelta(minutes=60, seconds=30)


def test_glue_remembers_on_which_set_a_run_failed(aws: LocalAws) -> None:
    create_job(aws, "backoff", "raise SystemExit('no')")
    assert backoff.read("backoff", "A") == backoff.Backoff()
    ended = run(aws, "backoff", Arguments={"--new_objects_digest": "A"})
    judged = backoff.read("backoff", "A")
    assert (judged.is_active, judged.failures, judged.ended_at) == (False, 1, ended["CompletedOn"])
    assert backoff.read("backoff", "B").failures == 0


def test_a_run_on_its_way_is_seen(aws: LocalAws) -> None:
    create_job(aws, "busy", "import time; time.sleep(60)")
    run_id = start(aws, "busy")
    assert backoff.read("busy", "A").is_active
    aws.client("glue").batch_stop_job_run(JobName="busy", JobRunIds=[run_id])
