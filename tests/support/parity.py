"""What two deployments have of a kind, field by field."""

from collections.abc import Iterator
from typing import Any

# When something was made or changed is another moment in each deployment.
_MOMENTS = {"CreatedOn", "LastModifiedOn", "LastRun"}
ABSENT = "(absent)"


def deployed(glue: Any) -> dict[str, str]:
    """Return every field of every job, workflow and Glue trigger: dotted path to value.

    Args:
        glue: boto3 client of the deployment.
    """
    workflows = [glue.get_workflow(Name=name)["Workflow"] for name in glue.list_workflows()["Workflows"]]
    things = {
        "jobs": glue.get_jobs()["Jobs"],
        "workflows": workflows,
        "triggers": glue.get_triggers()["Triggers"],
    }
    return {
        path: value
        for kind, found in things.items()
        for thing in found
        for path, value in _fields(f"{kind}.{thing['Name']}", thing)
    }


def _fields(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _MOMENTS:
                yield from _fields(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _fields(f"{path}.{number}", inner)
    else:
        yield path, str(value)


def differences(left: dict[str, str], right: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return the fields in which two deployments differ: path to both values."""
    paths = sorted(left.keys() | right.keys())
    pairs = {path: (left.get(path, ABSENT), right.get(path, ABSENT)) for path in paths}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
