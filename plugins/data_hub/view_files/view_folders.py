"""Folders of view files: whose they are, and names that are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_hub.sql_views.row_views import base_name
from data_hub.view_files.view_file import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from data_hub.pipelines.pipeline import Pipeline

FOLDER = "views"


def folder_of(pipeline_file: Path) -> Path:
    """Return the folder with the view files of a pipeline."""
    return pipeline_file.parent / FOLDER / pipeline_file.stem


def problems(pipelines_folder: Path, pipelines: Sequence[Pipeline]) -> list[str]:
    """Return one line for everything in the folder ``views`` that would not be published, or over something else.

    Args:
        pipelines_folder: the folder of the pipeline files.
        pipelines: those of them that are right.
    """
    folders = sorted((pipelines_folder / FOLDER).glob("*"))
    return [*_strays(pipelines_folder, folders), *_taken_names(folders, pipelines)]


def _strays(pipelines_folder: Path, folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        place = f"{FOLDER}/{folder.name}"
        if not folder.is_dir():
            yield f"{place}: belongs to no pipeline; move it to {FOLDER}/<pipeline>/, or away"
        elif not (pipelines_folder / f"{folder.name}.yaml").is_file():
            yield f"{place}/: there is no pipeline file {folder.name}.yaml; give the folder the name of a pipeline"
        else:
            yield from (
                f"{place}/{path.name}: is no view file; name it like <name>_view{SUFFIX}, or move it away"
                for path in sorted(folder.iterdir())
                if path.suffix != SUFFIX or not path.is_file()
            )


def _taken_names(folders: Sequence[Path], pipelines: Sequence[Pipeline]) -> Iterator[str]:
    taken = {name: f"pipeline {one.pipeline} makes itself" for one in pipelines for name in _own_names(one)}
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            place = f"{FOLDER}/{folder.name}/{path.name}"
            if path.stem in taken:
                yield f"{place}: '{path.stem}' is a name that {taken[path.stem]}; rename the file"
            else:
                taken[path.stem] = f"{FOLDER}/{folder.name}/{path.name} has"


def _own_names(pipeline: Pipeline) -> list[str]:
    table = pipeline.table
    base = base_name(table.name)
    views = [f"{base}_view", f"{base}_current_view"]
    return [*views, table.name, table.rejects_name, table.ledger_name]
