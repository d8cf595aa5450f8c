"""How much a run of the ingestion takes on."""

from collections.abc import Callable
from dataclasses import dataclass

DEFAULT_MAX_BYTES = 1 << 30


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Limits:
    """Bounds of one run.

    Attributes:
        max_bytes: bytes of objects, as stored, that one commit takes; an object that is larger has a commit of its own.
        is_over: says True when no further object may be begun; what is begun is finished and committed.
    """

    max_bytes: int = DEFAULT_MAX_BYTES
    is_over: Callable[[], bool] = _never


# What a run without a deadline takes on.
UNLIMITED = Limits()
