"""One at a time in a checkout: commands that share files hold a lock, which goes with their process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_hub.errors import DataHubError
from hub_cli.locations import RUN_LOCK


class Held(DataHubError):
    """Another process holds the lock.

    Attributes:
        pid: its process id, 0 when it has not written it yet.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"Another ./hub command is at work in this checkout (process {pid}): wait for it, or use a second clone"
        )
        self.pid = pid


@contextmanager
def held(path: Path = RUN_LOCK) -> Iterator[None]:
    """Hold a lock; it goes with the process, however that ends.

    Args:
        path: the lock's file; by default that of the commands that use Airflow's database, the log and the last
            run's data.

    Raises:
        Held: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise Held(int(file.read().strip() or 0)) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
