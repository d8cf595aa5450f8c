import contextlib

import psutil
import pytest
from holds import HeldScript, HeldTask
from live_pipeline import LivePipeline, eventually


def kill(collections: LivePipeline, component: str) -> None:
    """Kill one of Airflow's processes with all of its children; return when it was started again."""
    starts = collections.up.state.components[component].starts
    process = collections.up.component(component)
    for killed in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            killed.kill()
    eventually(lambda: collections.up.state.components[component].starts > starts, f"another {component}")


def ends_as_if_nothing_had_happened(collections: LivePipeline, run_id: str, key: str) -> None:
    assert collections.await_end(run_id) == "success"
    assert len(collections.glue_runs()) == 1
    assert len(collections.runs()) == 1
    assert [record["status"] for record in collections.records(key)] == ["ingested"]
    assert collections.xcom(run_id, collections.ingestion, "files")[0]["key"] == key


@pytest.mark.parametrize("component", [pytest.param("triggerer", marks=pytest.mark.mwaa), "scheduler"])
def test_a_component_dies_while_the_job_runs(collections: LivePipeline, held: HeldScript, component: str) -> None:
    key = collections.put(f"{component}-dies.csv")
    held.await_held()
    run_id = collections.await_run()
    collections.await_task(run_id, collections.ingestion, "deferred")
    kill(collections, component)
    assert collections.glue_states() == ["RUNNING"]
    held.release()
    ends_as_if_nothing_had_happened(collections, run_id, key)


def test_a_task_dies_after_it_started_the_job_run_and_before_it_could_say_so(
    collections: LivePipeline, held: HeldScript
) -> None:
    with HeldTask.of(collections.up, collections.ingestion, has_started=True) as task:
        key = collections.put("dies-at-start.csv")
        _, process = task.processes()
        run_id = collections.await_run()
        process.kill()
    held.release()
    ends_as_if_nothing_had_happened(collections, run_id, key)
    assert collections.task(run_id, collections.ingestion)["try_number"] == 2


def test_a_worker_dies_after_the_job_run_has_ended(collections: LivePipeline, held: HeldScript) -> None:
    key = collections.put("dies-at-end.csv")
    held.await_held()
    run_id = collections.await_run()
    collections.await_task(run_id, collections.ingestion, "deferred")
    with HeldTask.of(collections.up, collections.ingestion) as task:
        held.release()
        for process in task.processes():
            process.kill()
    ends_as_if_nothing_had_happened(collections, run_id, key)
