"""``hub check`` of CSV files: the job's own reader, on a local file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from data_hub.csv_files.csv_file import CsvFile
from data_hub.csv_files.reader import Reader
from data_hub.errors import DataHubError
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted
from hub_cli.console import rejects_table
from hub_cli.locations import shown

SHOWN_REJECTS = 20


@dataclass
class _Checked:
    """What a CSV file holds: records, those with a reject, rows, rejects, and the first rejects."""

    records: int = 0
    rejected: int = 0
    rows: int = 0
    rejects: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)


def check_csv(console: Console, path: Path, pipeline: Pipeline) -> bool:
    """Read a file as the job would, and print what it would reject; return whether that is nothing."""
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
