"""``hub status``: who drives a pipeline, what waits, what ran, what was rejected."""

import json
from collections.abc import Collection

from rich.console import Console
from rich.text import Text

from data_hub.pipelines import pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli import lake, pipeline_status, session, view_remarks
from hub_cli.console import make_table
from hub_cli.locations import UP, path_of_pipeline
from hub_cli.pipeline_status import SHOWN_KEYS, PipelineStatus, views_jobs
from hub_cli.runs_watch import RunSummary
from hub_cli.up_state import UpState
from local_aws.deploy import deployment_of

SHOWN_REJECTED = 20
_MARKS = {"success": "✔", "failed": "✘", "running": "▶", "queued": "…"}


def status(console: Console, pipeline_name: str, *, as_json: bool) -> None:
    """Print how a pipeline stands.

    Args:
        console: where to print.
        pipeline_name: the pipeline.
        as_json: print one JSON document on standard output, and nothing else there.

    Raises:
        DataHubError: nothing runs, and nothing ran before.
    """
    file = path_of_pipeline(pipeline_name)
    pipeline = pipeline_file.load(file)
    with lake.open_data() as data:
        found = pipeline_status.read(pipeline, deployment_of(file, pipeline), data, _airflow_url())
    if as_json:
        print(json.dumps(found.to_document(), indent=2))  # noqa: T201  (the document, whatever the console does)
    else:
        _print(console, found, pipeline)


def _airflow_url() -> str | None:
    state = UpState.read(UP)
    return state.url if state and session.members(state.session, state.airflow_home) else None


def _print(console: Console, found: PipelineStatus, pipeline: Pipeline) -> None:
    driver = "Airflow" if found.orchestrator == "airflow" else "Glue"
    console.print(Text(f"{found.pipeline}, driven by {driver}; data {found.origin}", style="bold"))
    _print_airflow(console, found)
    _print_runs(console, found)
    _print_waiting(console, found, views_jobs(pipeline))
    _print_ledger(console, found)
    _print_views(console, found)


def _print_airflow(console: Console, found: PipelineStatus) -> None:
    airflow = found.airflow
    if airflow is None:
        console.print("Airflow: not running; ./hub up starts it")
        return
    ill = [f"{part} {state}" for part, state in airflow.health.items() if state != "healthy"]
    health = ", ".join(ill) if airflow.health else "does not answer"
    console.print(Text(f"Airflow: {airflow.url}, {health or 'healthy'}"))
    if airflow.is_paused and found.orchestrator == "airflow":
        console.print(Text("⚠ the DAG is paused: unpause it in Airflow's UI, or nothing runs by itself", "yellow"))
    if airflow.import_error:
        console.print(Text(f"✘ the DAG cannot be imported: {airflow.import_error}", "red"))


def _print_runs(console: Console, found: PipelineStatus) -> None:
    if found.airflow and not found.runs:
        console.print("No run yet")
    if found.runs:
        console.print("\n[bold]Last runs[/bold]")
    for run in found.runs:
        _print_run(console, run)
    if found.job_runs:
        console.print("\n[bold]Last job runs[/bold]")
    for job in found.job_runs:
        text = f"{job.job}: {job.state} in {job.seconds} s, {job.started_on.astimezone():%H:%M:%S}"
        console.print(Text(text))


def _print_run(console: Console, run: RunSummary) -> None:
    began = f"{run.began.astimezone():%H:%M:%S}" if run.began else "queued  "
    took = f" in {run.seconds:.0f} s" if run.seconds is not None else ""
    said = f": {'; '.join(run.summaries)}" if run.summaries else ""
    mark = _MARKS.get(run.state, " ")
    console.print(Text(f"{mark} {began} {run.short_id} {run.started_by}, {run.state}{took}{said}"))
    for task in run.failed:
        console.print(Text(f"    ✘ {task.task}: {task.error}", style="red"))


def _print_waiting(console: Console, found: PipelineStatus, publishers: Collection[str]) -> None:
    console.print("\n[bold]Waiting[/bold]")
    if not found.new.count and not found.jobs_behind:
        console.print("nothing")
    if found.new.count:
        console.print(Text(f"{counted(found.new.count, 'file')}, the oldest for {found.oldest_wait:,.0f} s"))
        for item in found.new.shown[:SHOWN_KEYS]:
            console.print(Text(f"  {item.key}"))
        if found.new.count > SHOWN_KEYS:
            console.print(f"  … {found.new.count - SHOWN_KEYS:,} more", highlight=False)
    for job in found.jobs_behind:
        now = "; ./hub views --publish does it now" if job in publishers else ""
        console.print(Text(f"{job} has yet to follow the table's last commit{now}"))


def _print_ledger(console: Console, found: PipelineStatus) -> None:
    if not found.ledger:
        console.print("\nNo file in the ledger yet")
        return
    console.print("\n[bold]Ledger[/bold]")
    numbers = ("files", "rows read", "= ingested", "+ rejected")
    table = make_table("status", *numbers, right=numbers)
    for state, total in found.totals().items():
        table.add_row(state, *(f"{number:,}" for number in total.values()))
    console.print(table)
    if found.rejected:
        console.print("\n[bold]Rejected files[/bold]")
    for entry in found.rejected[:SHOWN_REJECTED]:
        console.print(Text(f"✘ {entry.key}: {entry.message}", style="red"))
    if len(found.rejected) > SHOWN_REJECTED:
        console.print(f"… {len(found.rejected) - SHOWN_REJECTED:,} more", highlight=False)
    if found.rejected:
        console.print("Deliver them again under the same key, or ./hub acknowledge KEY")


def _print_views(console: Console, found: PipelineStatus) -> None:
    if not found.views:
        return
    passed = sum(view.has_passed for view in found.views)
    console.print("\n[bold]Views[/bold]")
    console.print(Text(f"{counted(len(found.views), 'view')}, {passed:,} of them checked and in order"))
    view_remarks.print_remarks(console, found.views)
