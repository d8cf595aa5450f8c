"""Local files and the keys under which they are uploaded."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_hub.errors import DataHubError
from data_hub.ingestion.objects import is_object_of
from data_hub.pipelines.pipeline import Source

_INGEST_TS = re.compile(r"ingest_ts=[0-9]+")


@dataclass(frozen=True)
class Upload:
    """A file and the key of its object."""

    path: Path
    key: str


@dataclass(frozen=True)
class UploadPlan:
    """What is uploaded.

    Attributes:
        uploads: files and keys, in key order.
        left_out: files of directories that do not fit the pipeline's pattern.
    """

    uploads: Sequence[Upload]
    left_out: Sequence[Path]


def plan(paths: Iterable[Path], source: Source, now: int) -> UploadPlan:
    """Decide where files go.

    A path that already holds ``ingest_ts=<n>/`` keeps it, and what follows; any other file arrives now. In a
    directory, files that the pipeline's pattern does not match are left out.

    Args:
        paths: files and directories.
        source: where the pipeline looks for objects.
        now: epoch seconds for files without a time of their own.

    Raises:
        DataHubError: a path does not exist, a file named outright does not fit the pattern, two files would get the
            same key, or there is nothing to upload.
    """
    uploads: list[Upload] = []
    left_out: list[Path] = []
    for path in paths:
        found = [Upload(file, _key(file, source, now)) for file in _files(path)]
        fitting = [upload for upload in found if is_object_of(source, upload.key)]
        if not fitting:
            raise DataHubError(
                f"{path}: no file fits the pipeline's pattern {source.prefix}{source.pattern} "
                f"({found[0].key if found else 'nothing in it'}); name files like "
                f"{source.pattern.rpartition('/')[2]}"
            )
        uploads += fitting
        left_out += [upload.path for upload in found if upload not in fitting]
    _refuse_doubles(uploads)
    return UploadPlan(sorted(uploads, key=lambda upload: upload.key), left_out)


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise DataHubError(f"{path}: no such file or directory")
    if path.is_dir():
        yield from (file for file in sorted(path.rglob("*")) if file.is_file())
    else:
        yield path


def _key(file: Path, source: Source, now: int) -> str:
    parts = file.resolve().parts
    for position, part in enumerate(parts):
        if _INGEST_TS.fullmatch(part):
            return source.prefix + "/".join(parts[position:])
    return f"{source.prefix}ingest_ts={now}/{file.name}"


def _refuse_doubles(uploads: Sequence[Upload]) -> None:
    first: dict[str, Path] = {}
    for upload in uploads:
        other = first.setdefault(upload.key, upload.path)
        if other.resolve() != upload.path.resolve():
            raise DataHubError(f"{other} and {upload.path} would both be uploaded as {upload.key}; rename one")
