"""``hub up``: local AWS and Airflow with all pipelines, and a line for whatever happens, until somebody ends it."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from data_hub.errors import DataHubError
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from hub_cli import browser, dag_listing, down, interruption, lake, state_lock
from hub_cli.airflow_server import AirflowServer, free_port
from hub_cli.airflow_supervisor import COMPONENTS
from hub_cli.locations import LOCAL_AWS, PIPELINES, UP, UP_LOCK, dag_file, shown
from hub_cli.run_progress import Progress
from hub_cli.up_lines import UpLines
from hub_cli.up_state import UpState
from local_aws.deploy import deploy
from local_aws.process import LocalAws

LOOK_SECONDS = 2.0
AWS_ENVIRONMENT = UP / "aws.env"


@dataclass(frozen=True)
class UpOptions:
    """What the user asked for.

    Attributes:
        port: Airflow's port on 127.0.0.1; 0 takes a free one.
        browser: open the web browser when there is a display.
    """

    port: int
    browser: bool = True


def up(options: UpOptions, console: Console) -> None:
    """Start local AWS and Airflow, and tell what happens until Ctrl-C.

    Raises:
        DataHubError: it runs already, the port is taken, a pipeline file is wrong, or Airflow does not start.
    """
    with _alone():
        down.end_leftovers(console)
        port = free_port(options.port)
        files = sorted(PIPELINES.glob("*.yaml"))
        pipelines = [pipeline_file.load(file) for file in files]
        for pipeline in pipelines:
            dag_file(pipeline.pipeline)
        shutil.rmtree(UP, ignore_errors=True)
        UP.mkdir(parents=True)
        console.print("AWS is emulated on 127.0.0.1: no account needed, nothing leaves this machine.\n")
        progress = Progress(console)
        with progress.step("local AWS") as step:
            aws = LocalAws.start(LOCAL_AWS)
            step.detail = ", ".join(file.name for file in files)
        with aws:
            lake.use(aws)
            deploy(aws, files)
            _write_environment(aws)
            with AirflowServer.start(UP, port, aws) as airflow:
                lines = UpLines(console, airflow, pipelines)
                lines.print_import_errors(_come_up(airflow, pipelines, progress))
                _print_usage(console, airflow.url)
                if options.browser:
                    browser.open_page(airflow.url)
                # From here on Ctrl-C is how it is meant to end.
                interruption.end_on_signals("✔ ending", exit_code=0)
                while True:
                    lines.print_news()
                    time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    try:
        with state_lock.held(UP_LOCK):
            yield
    except state_lock.Held as error:
        state = UpState.read(UP)
        where = f"Airflow is at {state.url}" if state else "it is about to start"
        raise DataHubError(
            f"./hub up runs already (process {error.pid}): {where}; ./hub down ends it, a second clone runs beside it"
        ) from error


def _write_environment(aws: LocalAws) -> None:
    lines = [f"export {name}={value}\n" for name, value in aws.environment.items()]
    AWS_ENVIRONMENT.write_text("".join(lines), encoding="utf-8")


def _come_up(airflow: AirflowServer, pipelines: list[Pipeline], progress: Progress) -> dict[str, str]:
    with progress.step("Airflow") as step:
        airflow.await_health()
        step.detail = f"{len(COMPONENTS)} processes, healthy"
    with progress.step("DAGs") as step:
        errors = dag_listing.await_dags(airflow.api, [pipeline.pipeline for pipeline in pipelines])
        step.detail = ", ".join(pipeline.pipeline for pipeline in pipelines if pipeline.pipeline not in errors)
    return errors


def _print_usage(console: Console, url: str) -> None:
    console.print(Text.assemble("\n✔ Airflow is at ", (url, "bold"), ", without a password"))
    console.print("\nFrom another terminal")
    for command, purpose in (
        ("./hub put FILE.csv", "a file arrives; one under the same ingest_ts=<n>/ is a correction"),
        ("./hub status", "what waits, what ran, what was rejected"),
        ('./hub sql "SELECT ..."', "ask the tables and views"),
        ("./hub views", "what the views hold and leave out"),
        (f". {shown(AWS_ENVIRONMENT)}", "this AWS for boto3 and the AWS CLI"),
        ("./hub down", "ends it, as Ctrl-C does here; data and runs go with it"),
    ):
        console.print(Text(f"  {command:<24} {purpose}"))
    console.print()
