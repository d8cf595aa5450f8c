"""Messages of the ingestion job: objects that a run has left for another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines import DeployedPipeline


class NotAMessageError(ValueError):
    """What came is no such message; the text says what is wrong with it."""


@dataclass(frozen=True)
class Remaining:
    """Objects that a run has left.

    Attributes:
        pipeline: name of the pipeline.
        objects: how many.
        arrived_at: when the run said so; only a run that started later has taken them.
    """

    pipeline: str
    objects: int
    arrived_at: datetime

    def is_of(self, pipeline: DeployedPipeline) -> bool:
        """Tell whether a pipeline ingests them."""
        return pipeline.pipeline == self.pipeline

    def __str__(self) -> str:
        """Return what is shown of them."""
        return f"{self.objects} objects that an earlier run left"


def is_message(message: Any) -> bool:
    """Tell whether a message is one of the job and not of S3."""
    return isinstance(message, dict) and "remaining" in message


def parse(message: dict[str, Any]) -> Remaining:
    """Return what a message of the job says.

    Raises:
        NotAMessageError: a field is missing or wrong.
    """
    try:
        found = Remaining(message["pipeline"], message["remaining"], datetime.fromisoformat(message["time"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NotAMessageError(f"a message without pipeline, remaining or a valid time: {error!r}") from error
    if not isinstance(found.pipeline, str) or not isinstance(found.objects, int) or found.arrived_at.tzinfo is None:
        raise NotAMessageError("pipeline is no text, remaining is no number, or time has no time zone")
    return found
