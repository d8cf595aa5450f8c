"""A backfill that takes three runs, driven by Glue: one start, and nobody does anything more."""

from collections import Counter

import backfill
from backfill_of_stack import run_backfill
from stack import Stack


def test_one_start_ingests_what_takes_three_runs(stack: Stack) -> None:
    runs_before, keys = run_backfill(stack)
    runs = stack.workflow_runs()[runs_before:]
    properties = [run["WorkflowRunProperties"] for run in runs]
    assert [found["started_by"] for found in properties] == ["catch-up", "remaining", "remaining"]
    assert [found.get("objects") for found in properties] == [None, "4", "1"]
    assert [run["Statistics"]["SucceededActions"] for run in runs] == [2, 2, 2]

    ledger = stack.ledger()
    files_in_runs = Counter(ledger[key].job_run_id for key in keys)
    assert sorted(files_in_runs.values(), reverse=True) == [backfill.FILES_IN_A_RUN, backfill.FILES_IN_A_RUN, 1]
    assert len(stack.query("SELECT * FROM collections_data_view WHERE item_mdrm = 'BACKFILL'")) == len(keys)
    left = [
        line["FilesRemaining"] for line in stack.embedded_metrics("/data-hub/jobs/output") if "FilesRemaining" in line
    ]
    assert left[-3:] == [4, 1, 0]
