"""``hub check``: pipeline files with their views, view files, CSV files against the contract; nothing is started."""

import time
from pathlib import Path

from rich.console import Console

from data_hub.errors import DataHubError
from data_hub.pipelines import graph, pipeline_file, pipeline_problems
from data_hub.pipelines.pipeline import Pipeline
from data_hub.view_files.view_file import SUFFIX
from hub_cli import check_views, uploads
from hub_cli.check_csv import check_csv
from hub_cli.console import print_problems
from hub_cli.locations import PIPELINES, SCRIPTS, dag_file, path_of_pipeline, shown


def check(console: Console, paths: tuple[Path, ...], pipeline_name: str) -> bool:
    """Check files, pipeline files by default, and print what is found.

    Args:
        console: where to print.
        paths: pipeline files (.yaml), names of pipelines, view files (.sql), CSV files and directories of them.
        pipeline_name: the pipeline whose contract CSV files are held against.

    Returns:
        Whether all of them are right.
    """
    right = True
    for path in paths or tuple(sorted(PIPELINES.glob("*.yaml"))):
        right = _check_path(console, path, pipeline_name) and right
    return right if paths else _check_together(console) and right


def _check_path(console: Console, path: Path, pipeline_name: str) -> bool:
    if path.suffix == ".yaml":
        return _check_pipeline(console, path)
    if path.suffix == SUFFIX:
        return check_views.check_file(console, path)
    if not path.exists() and not path.suffix:
        return _check_pipeline(console, path_of_pipeline(path.name))
    pipeline = pipeline_file.load(path_of_pipeline(pipeline_name))
    planned = uploads.plan([path], pipeline.source, int(time.time()))
    return all([check_csv(console, upload.path, pipeline) for upload in planned.uploads])  # noqa: C419  (all of them)


def _check_pipeline(console: Console, path: Path) -> bool:
    try:
        pipeline = pipeline_file.load(path)
        _require_scripts(pipeline)
        dag_file(pipeline.pipeline)
    except DataHubError as error:
        print_problems(console, shown(path), str(error))
        return False
    console.print(
        f"✔ {shown(path)}: pipeline {pipeline.pipeline}, {len(pipeline.table.columns)} columns, "
        f"{len(pipeline.jobs)} jobs, {len(pipeline.triggers)} Glue triggers, driven by {pipeline.orchestrator}",
        highlight=False,
    )
    for job, upstream in graph.upstream_jobs(pipeline).items():
        after = f"after {' and '.join(sorted(upstream))} SUCCEEDED" if upstream else "when objects arrive"
        console.print(f"  {job} starts {after}", highlight=False)
    return check_views.check_folder(console, path)


def _require_scripts(pipeline: Pipeline) -> None:
    missing = [
        f"{pipeline.pipeline}.yaml: jobs.{name}.script: '{job.script}' is not in {shown(SCRIPTS)}/; correct the name"
        for name, job in pipeline.jobs.items()
        if not (SCRIPTS / job.script).is_file()
    ]
    if missing:
        raise DataHubError("\n".join(missing))


def _check_together(console: Console) -> bool:
    pipelines = check_views.pipelines_in(PIPELINES)
    known = {pipeline.pipeline for pipeline in pipelines}
    # What lies in the folder of a pipeline was told along with it.
    problems = pipeline_problems.between_pipelines(pipelines) + check_views.strays(PIPELINES, known)
    for problem in problems:
        console.print(f"✘ {problem}", style="red", markup=False, highlight=False)
    return not problems
