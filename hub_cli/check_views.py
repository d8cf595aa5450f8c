"""``hub check`` of view files: against the SQL that both engines share, and against the tables of the pipelines."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from data_hub.csv_files import rejects
from data_hub.errors import DataHubError
from data_hub.iceberg.tables import rows_schema, with_ids
from data_hub.ledgers import ledger_entry
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from data_hub.sql_views.base_table import BaseTable, base_table
from data_hub.view_files import view_bundle, view_folders
from data_hub.view_files.view_file import SUFFIX, ViewFile
from data_hub.wording import counted
from hub_cli.console import print_problems
from hub_cli.locations import shown


def check_folder(console: Console, pipeline_path: Path) -> bool:
    """Check the view files of a pipeline and print a line for each; return whether all of them are right."""
    folder = view_folders.folder_of(pipeline_path)
    if not folder.exists():
        return True
    pipelines = pipelines_in(pipeline_path.parent)
    right = _told(console, folder, _of_folder(view_folders.problems(pipeline_path.parent, pipelines), folder.name))
    tables = _tables(pipelines)
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        right = _check(console, path, tables) and right
    return right


def check_file(console: Console, path: Path) -> bool:
    """Check one view file and print a line; return whether it is right."""
    views = path.resolve().parent
    pipelines_folder = views.parent.parent
    if views.parent.name != view_folders.FOLDER or not (pipelines_folder / f"{views.name}.yaml").is_file():
        fix = "it lies in no folder of view files; move it to dags/pipelines/views/<pipeline>/"
        return _told(console, path, [f"{path.name}: {fix}"])
    pipelines = pipelines_in(pipelines_folder)
    taken = _of_folder(view_folders.problems(pipelines_folder, pipelines), f"{views.name}/{path.name}:")
    return _told(console, path, taken) and _check(console, path, _tables(pipelines))


def strays(pipelines_folder: Path, checked: Collection[str]) -> list[str]:
    """Return what is wrong in the folder of view files, outside those of pipelines that were checked."""
    problems = view_folders.problems(pipelines_folder, pipelines_in(pipelines_folder))
    told = {problem for name in checked for problem in _of_folder(problems, f"{name}/")}
    return [problem for problem in problems if problem not in told]


def pipelines_in(folder: Path) -> list[Pipeline]:
    """Return the pipelines of a folder whose files are right; what is wrong with others is told with them."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            found.append(pipeline_file.load(path))
        except DataHubError:
            continue
    return found


def _of_folder(problems: list[str], place: str) -> list[str]:
    beginning = f"{view_folders.FOLDER}/{place}"
    return [problem for problem in problems if problem.startswith(beginning)]


def _tables(pipelines: Collection[Pipeline]) -> dict[str, BaseTable]:
    """Return every table that the pipelines make, as the ingestion makes it."""
    schemas: dict[str, pa.Schema] = {}
    for pipeline in pipelines:
        table = pipeline.table
        schemas[table.name] = rows_schema(table)
        schemas[table.rejects_name] = rejects.SCHEMA
        schemas[table.ledger_name] = ledger_entry.SCHEMA
    return {name: base_table("database", name, "", with_ids(schema)) for name, schema in schemas.items()}


def _check(console: Console, path: Path, tables: Mapping[str, BaseTable]) -> bool:
    try:
        definition = ViewFile.parse(path.name, view_bundle.read_file(path)).definition(tables, tables.keys())
        columns = counted(len(definition.columns), "column")
    except DataHubError as error:
        return _told(console, path, str(error).splitlines())
    reads = ", ".join(table.name for table in definition.tables)
    console.print(f"✔ {shown(path)}: {columns} of {reads}", markup=False, highlight=False)
    return True


def _told(console: Console, path: Path, problems: list[str]) -> bool:
    if problems:
        print_problems(console, shown(path), "\n".join(problems))
    return not problems
