"""The state of a Glue job run: what happened so far, safe to read and change from several threads."""

import threading
from datetime import UTC, datetime

LIVE = ("STARTING", "RUNNING", "STOPPING")


class JobRunState:
    """A job run's state, named as in https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html.

    Attributes:
        name: STARTING, RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED or TIMEOUT.
        completed_on: when it left the live states.
        error_message: why it did not succeed.
        stop_requested: set once somebody asked to stop it.
    """

    def __init__(self) -> None:
        self.name = "STARTING"
        self.completed_on: datetime | None = None
        self.error_message: str | None = None
        self.stop_requested = threading.Event()
        self._lock = threading.Lock()

    @property
    def is_live(self) -> bool:
        """Tell whether the run counts against the job's MaxConcurrentRuns."""
        return self.name in LIVE

    def mark_running(self) -> None:
        """Note that the script runs; a run that is being stopped stays STOPPING."""
        with self._lock:
            if self.name == "STARTING":
                self.name = "RUNNING"

    def request_stop(self) -> bool:
        """Ask for a stop; return False when the run has ended or is stopping already."""
        with self._lock:
            if self.name not in ("STARTING", "RUNNING"):
                return False
            self.name = "STOPPING"
        self.stop_requested.set()
        return True

    def finish(self, name: str, error_message: str | None = None) -> None:
        """Note how the run ended."""
        with self._lock:
            # The name comes last: who sees that the run has ended must see the rest as well.
            self.completed_on = datetime.now(UTC)
            self.error_message = error_message
            self.name = name
