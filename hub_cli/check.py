"""``hub check``: pipeline files against their rules, CSV files against the contract; nothing is started."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader
from data_hub.errors import DataHubError
from data_hub.pipelines import graph, pipeline_file, pipeline_problems
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli import uploads
from hub_cli.console import rejects_table
from hub_cli.locations import PIPELINES, SCRIPTS, dag_file, path_of_pipeline, shown

SHOWN_REJECTS = 20


def check(console: Console, paths: tuple[Path, ...], pipeline_name: str) -> bool:
    """Check files, pipeline files by default, and print what is found.

    Args:
        console: where to print.
        paths: pipeline files (.yaml), names of pipelines, CSV files and directories of them.
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
    if not path.exists() and not path.suffix:
        return _check_pipeline(console, path_of_pipeline(path.name))
    pipeline = pipeline_file.load(path_of_pipeline(pipeline_name))
    planned = uploads.plan([path], pipeline.source, int(time.time()))
    return all([_check_csv(console, upload.path, pipeline) for upload in planned.uploads])  # noqa: C419  (all of them)


def _check_pipeline(console: Console, path: Path) -> bool:
    try:
        pipeline = pipeline_file.load(path)
        _require_scripts(pipeline)
        dag_file(pipeline.pipeline)
    except DataHubError as error:
        console.print(f"✘ {shown(path)}", style="bold red")
        for line in str(error).splitlines():
            console.print(f"  {line}", markup=False, highlight=False)
        return False
    console.print(
        f"✔ {shown(path)}: pipeline {pipeline.pipeline}, {len(pipeline.table.columns)} columns, "
        f"{len(pipeline.jobs)} jobs, {len(pipeline.triggers)} Glue triggers, driven by {pipeline.orchestrator}",
        highlight=False,
    )
    for job, upstream in graph.upstream_jobs(pipeline).items():
        after = f"after {' and '.join(sorted(upstream))} SUCCEEDED" if upstream else "when objects arrive"
        console.print(f"  {job} starts {after}", highlight=False)
    return True


def _require_scripts(pipeline: Pipeline) -> None:
    missing = [
        f"{pipeline.pipeline}.yaml: jobs.{name}.script: '{job.script}' is not in {shown(SCRIPTS)}/; correct the name"
        for name, job in pipeline.jobs.items()
        if not (SCRIPTS / job.script).is_file()
    ]
    if missing:
        raise DataHubError("\n".join(missing))


def _check_together(console: Console) -> bool:
    try:
        pipelines = [pipeline_file.load(path) for path in sorted(PIPELINES.glob("*.yaml"))]
    except DataHubError:
        return True  # what is wrong with a pipeline that nobody asked about is not the question
    problems = pipeline_problems.between_pipelines(pipelines)
    for problem in problems:
        console.print(f"✘ {problem}", style="red", highlight=False)
    return not problems


@dataclass
class _Checked:
    """What a CSV file holds: records, those with a reject, rows, rejects, and the first rejects."""

    records: int = 0
    rejected: int = 0
    rows: int = 0
    rejects: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)


def _check_csv(console: Console, path: Path, pipeline: Pipeline) -> bool:
    try:
        with path.open("rb") as stream:
            reader = Reader(pipeline.table, pipeline.source.csv)
            file = CsvFile(path.name, stream, reader, pipeline.table.max_reject_ratio)
            found = _read(file)
    except OSError as error:
        raise DataHubError(f"{path}: cannot be read: {error.strerror}") from error
    right = not found.rejects and not file.rejection
    counts = (
        f"{counted(found.records, 'row')} read = {found.records - found.rejected:,} good + {found.rejected:,} rejected"
    )
    if pipeline.source.csv.layout == "wide":
        counts += f"; {counted(found.rows, 'good item')}, {counted(found.rejects, 'reject')}"
    mark = "✘" if not right else "✔" if found.records else "⚠ no rows:"
    console.print(f"{mark} {shown(path)}: {counts}", highlight=False)
    if file.remark:
        console.print(f"⚠ {file.remark}", style="yellow", highlight=False)
    if found.shown:
        console.print(rejects_table((path.name, reject) for reject in found.shown))
    if found.rejects > SHOWN_REJECTS:
        console.print(f"… {found.rejects - SHOWN_REJECTS:,} more", highlight=False)
    if file.rejection:
        console.print(f"The whole file would be rejected: {file.rejection}", style="red", highlight=False)
    return right


def _read(file: CsvFile) -> _Checked:
    found = _Checked()
    for part in file.parts():
        found.records += part.record_count
        found.rejected += part.rejected_count
        found.rows += len(part.rows)
        found.rejects += len(part.rejects)
        found.shown += part.rejects.slice(0, SHOWN_REJECTS - len(found.shown)).to_pylist()
    # What was read of a file that cannot be read to its end counts for nothing.
    return found if file.rejected_by_ratio or not file.rejection else _Checked()
