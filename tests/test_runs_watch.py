from typing import Any

import pytest

from hub_cli.airflow_api import NoAnswer
from hub_cli.runs_watch import RunsWatch


class Airflow:
    """An API that knows one DAG run."""

    def __init__(self) -> None:
        self.state = "running"
        self.answers = True
        self.error = ""

    def get(self, path: str, **parameters: Any) -> Any:
        if path.endswith("taskInstances"):
            if not self.answers:
                raise NoAnswer(path)
            task = {"task_id": "views", "try_number": 1, "start_date": "2026-11-22", "operator_name": "x"}
            return {"task_instances": [task | {"state": "failed"}] if self.error else []}
        if path.endswith("xcomEntries/summary"):
            return {"value": None}
        if path.endswith("logs/1"):
            return {"content": [{"error_detail": [{"exc_value": self.error}]}]}
        run = {"dag_id": "d", "dag_run_id": "r", "run_type": "manual", "start_date": None, "end_date": None}
        return {"dag_runs": [run | {"state": self.state}] if self.state in parameters["state"] else []}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def watch(airflow: Airflow) -> RunsWatch:
    return RunsWatch(airflow)  # type: ignore[arg-type]


def states(watch: RunsWatch) -> list[str]:
    return [run.state for run in watch.look()]


def test_a_run_is_told_when_it_begins_and_when_it_ends(airflow: Airflow, watch: RunsWatch) -> None:
    airflow.state = "queued"
    assert states(watch) == []
    airflow.state = "running"
    assert [states(watch), states(watch)] == [["running"], []]
    airflow.state = "failed"
    assert [states(watch), states(watch)] == [["failed"], []]


def test_a_run_that_began_and_ended_between_two_looks_is_told_whole(airflow: Airflow, watch: RunsWatch) -> None:
    airflow.state = "success"
    assert states(watch) == ["running", "success"]


def test_what_an_api_without_an_answer_left_out_is_told_later_and_nothing_twice(
    airflow: Airflow, watch: RunsWatch
) -> None:
    airflow.state, airflow.answers = "success", False
    told: list[str] = []
    for _ in range(2):
        with pytest.raises(NoAnswer):
            told.extend(run.state for run in watch.look())
    airflow.answers = True
    told.extend(states(watch))
    assert told == ["running", "success"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("no such bucket\nmore of it", "no such bucket"),
        (
            "run jr_1 ended FAILED: 2 views failed:\nView a: refused\nView b",
            "run jr_1 ended FAILED: 2 views failed: View a: refused",
        ),
    ],
)
def test_an_error_is_told_in_a_line_that_says_why(airflow: Airflow, watch: RunsWatch, error: str, told: str) -> None:
    airflow.state, airflow.error = "failed", error
    *_, end = watch.look()
    assert [task.error for task in end.failed] == [told]
