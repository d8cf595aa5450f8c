"""Pipeline files: YAML in, a pipeline out, or everything that is wrong with it."""

from pathlib import Path

from pydantic import ValidationError

from data_hub.errors import DataHubError
from data_hub.pipelines import pipeline_problems, strict_yaml
from data_hub.pipelines.pipeline import FIELDS, Pipeline


def load(path: Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        DataHubError: the file is missing or wrong; every problem with its field, value and fix.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataHubError(f"{path}: cannot be read: {error}") from error
    pipeline = parse(text, path.name)
    if pipeline.pipeline != path.stem:
        problem = f"'{pipeline.pipeline}' is not the file's name; write '{path.stem}' or rename the file"
        raise DataHubError(f"{path.name}: pipeline: {problem}")
    return pipeline


def parse(text: str, origin: str) -> Pipeline:
    """Read a pipeline from YAML text; ``origin`` names the file in messages. Raises like ``load``."""
    document = strict_yaml.parse(text, origin)
    try:
        pipeline = Pipeline.model_validate(document)
    except ValidationError as error:
        raise _error(origin, pipeline_problems.of_fields(error, FIELDS)) from error
    if problems := pipeline_problems.between_fields(pipeline):
        raise _error(origin, problems)
    return pipeline


def _error(origin: str, problems: list[str]) -> DataHubError:
    return DataHubError("\n".join(f"{origin}: {problem}" for problem in problems))
