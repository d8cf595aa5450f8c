from typing import Any

import pytest
from live_pipeline import LivePipeline

from data_hub.airflow.task_ids import REJECTED_FILES, SENSOR
from hub_cli.airflow_api import Refused

KEY = "collections-data/ingest_ts=1/a.csv"


@pytest.mark.mwaa
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("wait_minutes", 241, "greater than the maximum of 240"),
        ("wait_minutes", "soon", "'soon' is not of type 'integer'"),
        ("keys", KEY, "is not of type 'array'"),
        ("keys", ["elsewhere/a.csv"], "'elsewhere/a.csv' does not match"),
        ("views_only", "yes", "'yes' is not of type 'boolean'"),
        ("dry_run", 1, "1 is not of type 'boolean'"),
    ],
)
def test_a_bad_value_in_the_form_is_refused_and_starts_nothing(
    collections: LivePipeline, option: str, value: Any, message: str
) -> None:
    with pytest.raises(Refused, match=option) as refusal:
        collections.trigger(**{option: value})
    assert message in str(refusal.value)
    assert refusal.value.status == 400
    assert collections.runs() == []


def test_a_misspelt_option_fails_the_run(collections: LivePipeline) -> None:
    run_id = collections.trigger(dryrun=True)
    assert collections.await_end(run_id) == "failed"
    assert "started with dryrun" in collections.error_text(run_id, SENSOR)
    assert collections.glue_runs() == []


def test_a_run_that_waits_takes_the_file_and_the_run_behind_it_has_nothing_to_do(collections: LivePipeline) -> None:
    waiting = collections.trigger(wait_minutes=30)
    collections.await_task(waiting, SENSOR, "deferred")
    second = collections.trigger()
    pool = collections.api.get("pools/default_pool")
    assert (pool["running_slots"], pool["deferred_slots"]) == (0, 1)

    key = collections.put("awaited.csv")
    assert collections.await_end(waiting) == "success"
    assert collections.await_end(second) == "success"
    assert key in collections.ledger()
    assert collections.xcom(waiting, collections.ingestion, "summary").startswith("1 file:")
    assert collections.task_states(second)[collections.ingestion] == "skipped"
    assert len(collections.glue_runs()) == 1


@pytest.mark.mwaa
def test_the_options_of_the_form_do_what_they_say(collections: LivePipeline, byhand: LivePipeline) -> None:
    # Nothing comes for this one, while the other pipeline shows the other options.
    in_vain = collections.trigger(wait_minutes=1)
    byhand.api.patch("dags/byhand", {"is_paused": False})
    wanted, other = byhand.put("wanted.csv"), byhand.put("other.csv")

    dry = byhand.trigger(dry_run=True)
    assert byhand.await_end(dry) == "success"
    assert "2 new objects; would run" in byhand.xcom(dry, SENSOR, "summary")
    assert wanted in byhand.error_text(dry, SENSOR)
    assert (byhand.glue_runs(), byhand.glue_runs(byhand.views)) == ([], [])

    only = byhand.trigger(keys=[wanted])
    assert byhand.await_end(only) == "success"
    assert byhand.ledger().keys() == {wanted}

    views = byhand.trigger(views_only=True)
    assert byhand.await_end(views) == "success"
    states = byhand.task_states(views)
    assert (states[byhand.ingestion], states[byhand.views]) == ("skipped", "success")
    assert byhand.ledger().keys() == {wanted}

    rest = byhand.trigger()
    assert byhand.await_end(rest) == "success"
    assert byhand.ledger().keys() == {wanted, other}
    assert {run["run_type"] for run in byhand.runs()} == {"manual"}

    assert collections.await_end(in_vain) == "success"
    assert collections.task_states(in_vain)[SENSOR] == "skipped"
    assert collections.task_states(in_vain)[REJECTED_FILES] == "success"
    assert "within 1 minute: nothing to do" in collections.error_text(in_vain, SENSOR)
