"""Params of a run: the form behind the Trigger button, and what it says to the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk import Param

from data_hub.errors import DataHubError
from data_hub.key_pattern import key_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from data_hub.pipelines.pipeline import Pipeline

LONGEST_WAIT_MINUTES = 240


@dataclass(frozen=True)
class RunOptions:
    """What somebody asked of a run; the defaults are those of a run that nobody started by hand.

    Attributes:
        wait_minutes: how long the run waits for a new object.
        keys: the objects to ingest; empty for all that are new.
        views_only: run the jobs after the ingestion only.
        dry_run: say what would be done, and do nothing.
    """

    wait_minutes: int = 0
    keys: tuple[str, ...] = ()
    views_only: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, context: Context) -> RunOptions:
        """Take the options from a task's context.

        Raises:
            DataHubError: there is a param of another name; Airflow accepts any in the configuration of a run.
        """
        params: Mapping[str, object] = context.get("params") or {}
        if unknown := sorted(set(params) - set(cls.__dataclass_fields__)):
            raise DataHubError(
                f"The run was started with {', '.join(unknown)}; there are only {', '.join(cls.__dataclass_fields__)}"
            )
        given = {name: params[name] for name in cls.__dataclass_fields__ if params.get(name) is not None}
        return cls(**given | {"keys": tuple(given.get("keys", ()))})  # type: ignore[arg-type]


def of(pipeline: Pipeline) -> dict[str, Param]:
    """Return the params of a pipeline's DAG."""
    source = pipeline.source
    example = f"{source.prefix}{source.pattern}"
    return {
        "wait_minutes": Param(
            0,
            type="integer",
            minimum=0,
            maximum=LONGEST_WAIT_MINUTES,
            title="Wait for a file (minutes)",
            description="When no file is new, wait for one so long. 0: do not wait; the run is skipped then.",
        ),
        "keys": Param(
            None,
            type=["array", "null"],
            items={"type": "string", "pattern": f"^{key_regex(source)}$"},
            title="Only these files",
            description=f"Keys to ingest, one a line, each like {example}. Empty: every file that is new.",
        ),
        "views_only": Param(
            default=False,
            type="boolean",
            title="Views only",
            description="Ingest nothing; run the jobs after the ingestion, for example to make the views anew.",
        ),
        "dry_run": Param(
            default=False,
            type="boolean",
            title="Dry run",
            description="Say in the log of wait_for_objects what would be done, and do nothing.",
        ),
    }
