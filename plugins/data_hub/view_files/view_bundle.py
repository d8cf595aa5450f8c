"""The view files of a pipeline as the views job is given them: file names and texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from data_hub.errors import DataHubError
from data_hub.view_files.view_file import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path) -> dict[str, str]:
    """Return the texts of a folder's view files by file name, sorted; a folder that is missing has none.

    Raises:
        DataHubError: some of them cannot be read; a line each.
    """
    texts, problems = {}, []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            texts[path.name] = read_file(path)
        except DataHubError as error:
            problems.append(str(error))
    if problems:
        raise DataHubError("\n".join(problems))
    return texts


def read_file(path: Path) -> str:
    """Return the text of a view file.

    Raises:
        DataHubError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataHubError(f"{path.name}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise DataHubError(f"{path.name}: cannot be read: {error.strerror}") from error


def bundle(folder: Path) -> str:
    """Return the view files of a folder as the JSON text that the views job is given; raises like ``read``."""
    return json.dumps(read(folder), ensure_ascii=False)


def parse(text: str, origin: str) -> dict[str, str]:
    """Return the texts in what ``bundle`` gives, by file name, sorted.

    Args:
        text: a JSON object, file name to text.
        origin: where it comes from, for messages.

    Raises:
        DataHubError: it is no such object.
    """
    try:
        texts = json.loads(text)
    except ValueError:
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise DataHubError(f"{origin} is no JSON object of file names and texts; deploy the pipeline again")
    return {name: texts[name] for name in sorted(texts)}
