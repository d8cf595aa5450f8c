import pytest
from holds import HeldScript
from live_pipeline import LivePipeline, eventually


@pytest.fixture
def deferred(collections: LivePipeline, held: HeldScript, request: pytest.FixtureRequest) -> str:
    """A DAG run whose ingestion is deferred, with a Glue run that is held."""
    collections.put(f"{request.node.name}.csv")
    held.await_held()
    run_id = collections.await_run()
    collections.await_task(run_id, collections.ingestion, "deferred")
    eventually(lambda: _watches(collections, run_id) == 1, "the triggerer to watch the job run")
    return run_id


def test_a_triggerer_that_is_replaced_leaves_the_job_run_alone_and_a_cleared_task_does_not(
    collections: LivePipeline, held: HeldScript, deferred: str
) -> None:
    watches = _watches(collections, deferred)
    collections.up.component("triggerer").terminate()
    eventually(lambda: _watches(collections, deferred) > watches, "another triggerer to watch the job run")
    assert collections.glue_states() == ["RUNNING"]

    held.restore()
    collections.clear(deferred, collections.ingestion)
    assert collections.await_end(deferred) == "success"
    assert collections.glue_states() == ["STOPPED", "SUCCEEDED"]
    assert len(collections.runs()) == 1


def test_a_task_that_is_marked_failed_stops_its_job_run(
    collections: LivePipeline, held: HeldScript, deferred: str
) -> None:
    collections.mark(deferred, collections.ingestion, "failed")
    collections.await_glue_run(state="STOPPED")
    assert collections.await_end(deferred) == "failed"

    held.restore()
    again = collections.trigger()
    assert collections.await_end(again) == "success"
    assert collections.glue_states() == ["STOPPED", "SUCCEEDED"]


def _watches(collections: LivePipeline, run_id: str) -> int:
    """Return how many triggerers have begun to watch the job run."""
    folder = collections.up.checkout.path / ".hub" / "up" / "airflow" / "logs" / f"dag_id={collections.name}"
    logs = (folder / f"run_id={run_id}" / f"task_id={collections.ingestion}").glob("attempt=1.log.trigger.*.log")
    return sum("Status of AWS Glue job is: RUNNING" in log.read_text() for log in logs)
