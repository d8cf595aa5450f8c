"""One command at a time writes in a checkout: Airflow's database, the log and the last run's data are shared."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from data_hub.errors import DataHubError
from hub_cli.locations import RUN_LOCK, STATE


@contextmanager
def held() -> Iterator[None]:
    """Hold the lock; it goes with the process, however that ends.

    Raises:
        DataHubError: another command holds it.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    with RUN_LOCK.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DataHubError(
                f"Another ./hub command is at work in this checkout (process {file.read().strip()}): wait for it, or "
                "use a second clone"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
