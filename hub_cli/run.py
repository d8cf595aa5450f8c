"""``hub run``: upload files, let Airflow or Glue run the pipeline once on the local AWS, tell what came of it."""

import json
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli import airflow_run, archive, lake, run_report, state_lock, uploads, workflow_run
from hub_cli.driven_run import DrivenRun
from hub_cli.locations import (
    LAST_RUN,
    RUN_AWS,
    RUN_LOG,
    SAMPLE,
    SAMPLE_PIPELINE,
    STATE,
    dag_file,
    path_of_pipeline,
    shown,
)
from hub_cli.outcome import Outcome, read_ledger
from hub_cli.run_progress import Progress
from hub_cli.uploads import UploadPlan
from local_aws.athena import Athena
from local_aws.deploy import deploy
from local_aws.process import LocalAws


@dataclass(frozen=True)
class RunOptions:
    """What the user asked for.

    Attributes:
        paths: files and directories to upload, None for the sample; an empty list runs on an empty bucket.
        pipeline_name: which pipeline runs.
        as_json: print one JSON document on standard output, and nothing else there.
        orchestrator: who reacts to the files, ``airflow`` or ``glue``; by default whom the pipeline file names.
    """

    paths: Sequence[Path] | None
    pipeline_name: str
    as_json: bool = False
    orchestrator: str | None = None


def run(options: RunOptions, console: Console) -> bool:
    """Run a pipeline once.

    Args:
        options: what the user asked for.
        console: for progress and report.

    Returns:
        Whether every task or job succeeded, and no file was rejected.
    """
    began = time.monotonic()
    try:
        with state_lock.held():
            outcome = _Run(options, console, began).execute()
    except DataHubError as error:
        outcome = _failed(console, str(error), began)
    except Exception as error:  # noqa: BLE001  (the stack trace goes to the log, and the document is still due)
        STATE.mkdir(parents=True, exist_ok=True)
        with RUN_LOG.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        message = f"{type(error).__name__}: {error}. This should not happen; the stack trace is in {shown(RUN_LOG)}"
        outcome = _failed(console, message, began)
    else:
        if not options.as_json:
            run_report.print_end(console, outcome, is_sample=options.paths is None)
    if options.as_json:
        print(json.dumps(outcome.to_document(), indent=2))  # noqa: T201  (the document, whatever the console does)
    return outcome.state == "success"


def _failed(console: Console, message: str, began: float) -> Outcome:
    console.print(f"✘ {message}", style="bold red", markup=False, highlight=False)
    return Outcome("failed", time.monotonic() - began, message)


class _Run:
    def __init__(self, options: RunOptions, console: Console, began: float) -> None:
        self._options = options
        self._console = console
        self._progress = Progress(console)
        self._began = began

    def execute(self) -> Outcome:
        file = path_of_pipeline(self._options.pipeline_name)
        pipeline = pipeline_file.load(file)
        orchestrator = self._options.orchestrator or pipeline.orchestrator
        dag = dag_file(pipeline.pipeline) if orchestrator == "airflow" else None
        planned = uploads.plan(self._paths(), pipeline.source, int(time.time()))
        self._console.print("AWS is emulated on 127.0.0.1: no account needed, nothing leaves this machine.\n")
        with self._progress.step("local AWS") as step:
            aws = LocalAws.start(RUN_AWS)
            step.detail = f"{len(pipeline.jobs)} jobs, {len(pipeline.triggers)} Glue triggers"
        with aws:
            lake.use(aws)
            (deployment,) = deploy(aws, [file], orchestrator)
            self._upload(aws, planned, deployment, pipeline)
            uploaded = time.monotonic()
            driven = (
                airflow_run.drive(aws, pipeline, dag, self._progress)
                if dag
                else workflow_run.drive(aws, pipeline, deployment, self._progress)
            )
            archive.save(aws, LAST_RUN)
            outcome = self._look(aws, pipeline, deployment, driven)
            outcome = replace(outcome, orchestrator=orchestrator)
            if driven.views_seen and outcome.state == "success":
                outcome = replace(outcome, upload_to_views=driven.views_seen - uploaded)
        return outcome

    def _paths(self) -> Sequence[Path]:
        if self._options.paths is not None:
            return self._options.paths
        if self._options.pipeline_name != SAMPLE_PIPELINE:
            raise DataHubError(
                f"The sample belongs to pipeline {SAMPLE_PIPELINE}; name your files: "
                f"./hub run --pipeline {self._options.pipeline_name} FILE.csv"
            )
        return [SAMPLE]

    def _upload(self, aws: LocalAws, planned: UploadPlan, deployment: Deployment, pipeline: Pipeline) -> None:
        with self._progress.step("upload") as step:
            s3 = aws.client("s3")
            for upload in planned.uploads:
                s3.upload_file(str(upload.path), deployment.source_bucket, upload.key)
            count = counted(len(planned.uploads), "file")
            step.detail = f"{count} → s3://{deployment.source_bucket}/{pipeline.source.prefix}"
        for path in planned.left_out:
            self._console.print(f"  left out, does not fit the pattern: {path}", markup=False, highlight=False)

    def _look(self, aws: LocalAws, pipeline: Pipeline, deployment: Deployment, driven: DrivenRun) -> Outcome:
        athena = Athena(open_catalog(), aws.client("glue"), deployment.database)
        with self._console.status("reading tables and views"):
            tables, ledger, views = athena.tables(), read_ledger(pipeline, deployment), athena.views()
            view_rows = {view.name: athena.count(view.name) for view in views}
        outcome = Outcome(
            state=driven.state,
            seconds=time.monotonic() - self._began,
            error=driven.error,
            tasks=driven.tasks,
            tables=tables,
            ledger=ledger,
            views=views,
            view_rows=view_rows,
        )
        if not self._options.as_json:
            run_report.print_report(self._console, outcome, pipeline, athena)
        return outcome
