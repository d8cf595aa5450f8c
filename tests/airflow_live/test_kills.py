import pytest
from holds import HeldScript
from live_pipeline import LivePipeline, eventually


@pytest.fixture
def deferred(collections: LivePipeline, held: HeldScript) -> str:
    """A DAG run whose ingestion is deferred, with a Glue run that is held."""
    collections.put("killed.csv", rows=3)
    held.await_held()
    run_id = collections.await_run()
    collections.await_task(run_id, collections.ingestion, "deferred")
    return run_id


def test_a_triggerer_that_is_replaced_leaves_the_job_run_alone_and_a_cleared_task_does_not(
    collections: LivePipeline, held: HeldScript, deferred: str
) -> None:
    collections.up.component("triggerer").terminate()
    eventually(lambda: _triggerer_starts(collections) > 1, "another triggerer")
    eventually(lambda: collections.api.health()["triggerer"] == "healthy", "a healthy triggerer")
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


def _triggerer_starts(collections: LivePipeline) -> int:
    return collections.up.state.components["triggerer"].starts
