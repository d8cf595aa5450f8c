"""Looks at a deployed pipeline's source, as Airflow triggers take them: beside the event loop, and whatever happens."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from data_hub.airflow.jobs import read_job
from data_hub.errors import DataHubError
from data_hub.pipelines.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from data_hub.ledgers.arrivals import Lookout, NewObjects

LONGEST_PAUSE = 300.0

_T = TypeVar("_T")
_EXPECTED = (DataHubError, ClientError, BotoCoreError, OSError)
# One look at a time in a process: boto3's default session is not thread-safe, and the memory of looks does not add up.
_LOOKING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="arrivals")


class Log(Protocol):
    """The part of a logger that is used here."""

    def info(self, event: str, *values: Any) -> Any:
        """Log that all is well."""

    def warning(self, event: str, *values: Any, exc_info: BaseException | None) -> Any:
        """Log that it is not."""


class DeployedLookout:
    """A lookout that asks the deployed job where to look, each time: a new deployment is noticed.

    Args:
        job_name: the Glue job that ingests; its default arguments are the deployment.
        watched: fields of ``data_hub.ledgers.arrivals.Watched``: source and table.
    """

    def __init__(self, job_name: str, **watched: str) -> None:
        self._job_name = job_name
        self._watched = watched
        self._deployment: Deployment | None = None
        self._lookout: Lookout | None = None

    def look(self, keys: Collection[str] = ()) -> NewObjects:
        """Look once.

        Args:
            keys: look at these objects only; empty for all.

        Raises:
            DataHubError: job or bucket is missing.
            ClientError: AWS could not answer.
        """
        # pyiceberg takes a second to import, and this is where a thread has it.
        from data_hub.ledgers.arrivals import Lookout, Watched

        deployment = Deployment.from_arguments(read_job(self._job_name).get("DefaultArguments", {}))
        if self._lookout is None or deployment != self._deployment:
            self._lookout, self._deployment = Lookout(Watched(**self._watched), deployment), deployment
        return self._lookout.look(keys)


class PatientLooks:
    """Takes looks and survives their errors: Airflow restarts a broken watcher every second.

    An error is logged when it begins or changes, and the next look waits longer, up to 5 minutes.

    Args:
        seconds: pause between two looks when all is well.
        log: where errors are told.
    """

    def __init__(self, seconds: float, log: Log) -> None:
        self._seconds = seconds
        self._log = log
        self._errors = 0
        self._told = ""

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        longest = max(LONGEST_PAUSE, self._seconds)
        return float(min(self._seconds * 2 ** min(self._errors, 16), longest))

    async def take(self, look: Callable[[], _T]) -> _T | None:
        """Call ``look`` in a thread; return what it found, None when it failed."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(_LOOKING, look)
        except Exception as error:  # noqa: BLE001 - see the class
            self._errors += 1
            self._tell(error)
            return None
        if self._errors:
            self._log.info("Looking for new objects works again")
        self._errors, self._told = 0, ""
        return found

    def _tell(self, error: Exception) -> None:
        text = str(error) if isinstance(error, DataHubError) else f"{type(error).__name__}: {error}"
        if text == self._told:
            return
        self._told = text
        # Of an error that nobody foresaw the stack is worth having.
        stack = None if isinstance(error, _EXPECTED) else error
        self._log.warning("Cannot look for new objects, and go on trying: %s", text, exc_info=stack)
