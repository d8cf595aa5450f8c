"""What ``hub up`` prints while it runs: a line for each arrival, each run of a DAG or workflow, and what breaks."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from data_hub.errors import DataHubError
from data_hub.pipelines.pipeline import Pipeline
from hub_cli import dag_listing
from hub_cli.airflow_api import NoAnswer, Refused
from hub_cli.airflow_server import AirflowServer
from hub_cli.arrivals_watch import ArrivalsWatch
from hub_cli.runs_watch import ENDED, RunSummary, RunsWatch
from hub_cli.workflows_watch import WorkflowsWatch


class UpLines:
    """Prints what is new since the last look.

    Args:
        console: where to print.
        airflow: the running Airflow.
        pipelines: what is deployed.
    """

    def __init__(self, console: Console, airflow: AirflowServer, pipelines: Sequence[Pipeline]) -> None:
        self._console = console
        self._airflow = airflow
        self._arrivals = ArrivalsWatch(pipelines)
        self._runs = RunsWatch(airflow.api)
        self._workflows = WorkflowsWatch(pipelines)
        self._starts: dict[str, int] = {}
        self._problems: dict[str, str | None] = {}
        self._import_errors: Mapping[str, str] = {}

    def print_news(self) -> None:
        """Print a line for each thing that happened.

        Raises:
            DataHubError: Airflow cannot be kept running.
        """
        self._print_restarts()
        self._airflow.require_running()
        self._try("the source buckets", self._print_arrivals)
        self._try("Glue's API", self._print_workflow_runs)
        self._try("Airflow's API", self._print_runs)

    def _print_arrivals(self) -> None:
        for text in self._arrivals.look():
            self._print(f"↓ {text}")

    def _print_workflow_runs(self) -> None:
        for run in self._workflows.look():
            self._print_run(run)

    def _print_runs(self) -> None:
        for run in self._runs.look():
            self._print_run(run)
        self.print_import_errors(dag_listing.import_errors(self._airflow.api))

    def _try(self, source: str, look: Callable[[], None]) -> None:
        """Look at a source of news; say once what keeps it from answering. The next look tells what was missed."""
        problem = None
        # A part that starts again does not answer for a while.
        with contextlib.suppress(NoAnswer):
            try:
                look()
            except (DataHubError, Refused, BotoCoreError, ClientError) as error:
                problem = str(error)
        if problem and self._problems.get(source) != problem:
            self._print(f"⚠ {source}: {problem}", "yellow")
        self._problems[source] = problem

    def print_import_errors(self, errors: Mapping[str, str]) -> None:
        """Print import errors that were not there before, and DAGs that are mended.

        Args:
            errors: DAG id to what is wrong with it.
        """
        for dag, error in errors.items():
            if self._import_errors.get(dag) != error:
                self._print(f"✘ DAG {dag} cannot be imported; mend it, Airflow looks again\n{error}", "red")
        for dag in self._import_errors:
            if dag not in errors:
                self._print(f"✔ DAG {dag} can be imported again", "green")
        self._import_errors = errors

    def _print_restarts(self) -> None:
        for name, component in self._airflow.state().components.items():
            if component.starts > self._starts.setdefault(name, 1):
                self._starts[name] = component.starts
                how = f"with exit code {component.exit_code}"
                self._print(f"⚠ airflow {name} ended {how}, and was started again", "yellow")

    def _print_run(self, run: RunSummary) -> None:
        name = f"{run.dag} {run.short_id}"
        if run.state not in ENDED:
            self._print(f"▶ {name} began: {run.started_by}")
            return
        done = run.state == "success"
        took = f" in {run.seconds:.0f} s" if run.seconds is not None else ""
        said = f": {'; '.join(run.summaries)}" if run.summaries else ""
        self._print(f"{'✔' if done else '✘'} {name} {run.state}{took}{said}", "green" if done else "red")
        for task in run.failed:
            self._print(f"  ✘ {task.task}: {task.error}", "red")

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(f"{datetime.now().astimezone():%H:%M:%S} {text}", style=style))
