from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from collections_pipeline import ROOT

from hub_cli.airflow_api import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser import Browser
    from live_pipeline import LivePipeline

SAMPLE = ROOT / "examples" / "collections-data"


@pytest.fixture
def browser(collections: LivePipeline) -> Iterator[Browser]:
    # The MWAA environments, which collect this file too, have no Playwright.
    from browser import Browser

    with Browser.open(collections.up.state.url) as opened:
        yield opened


def test_people_see_what_happened_and_start_runs(collections: LivePipeline, browser: Browser) -> None:
    ingestion = collections.ingestion
    put = [put_sample(collections, file) for file in sorted(SAMPLE.rglob("*.csv"))]
    collections.await_ledger(put)
    run_id = collections.await_run()
    assert collections.await_end(run_id) == "success"

    run_page = f"dags/collections/runs/{quoted(run_id)}"
    browser.go(f"{run_page}/tasks/{ingestion}")
    browser.see("rows read =")
    browser.take_picture("log")

    browser.go(run_page)
    browser.press("Show Graph (Press g)")
    for task in ("wait_for_objects", ingestion, collections.views, "rejected_files"):
        browser.page.locator(".react-flow__node", has_text=task).first.wait_for()
    browser.take_picture("graph")

    browser.go("dags/collections")
    browser.press("Trigger Dag")
    for title in ("Wait for a file (minutes)", "Only these files", "Views only", "Dry run"):
        browser.see(title)
    browser.take_picture("form", height=1240)


def put_sample(pipeline: LivePipeline, file: Path) -> str:
    """Put a file of the sample into the source bucket, under the key that ``hub put`` gives it."""
    key = pipeline.pipeline.source.prefix + file.relative_to(SAMPLE).as_posix()
    pipeline.s3.upload_file(str(file), pipeline.pipeline.source.bucket, key)
    return key
