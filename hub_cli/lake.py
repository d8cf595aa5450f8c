"""The data that commands look at: of the running local AWS or, when none runs, of the last run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers.ledger import Ledger
from data_hub.pipelines.pipeline import Pipeline
from hub_cli import archive, state_lock
from hub_cli.locations import LAST_RUN, LOCAL_AWS
from local_aws.deploy import DATABASE
from local_aws.environment import without_foreign
from local_aws.process import LocalAws


def use(aws: LocalAws) -> None:
    """Make boto3 and pyiceberg of this process talk to a local AWS, and to nothing else."""
    kept = without_foreign(os.environ) | aws.environment
    os.environ.clear()
    os.environ.update(kept)


@dataclass(frozen=True)
class Data:
    """The data that a command looks at.

    Attributes:
        origin: which data it is, in words.
        is_running: whether the local AWS serves it; data of the last run has to be saved when it changes.
        aws: a local AWS that holds it.
    """

    origin: str
    is_running: bool
    aws: LocalAws


@contextmanager
def open_data() -> Iterator[Data]:
    """Open the data of the running local AWS or of the last run.

    Raises:
        DataHubError: nothing runs, and nothing ran before.
    """
    if running := LocalAws.running(LOCAL_AWS):
        use(running)
        yield Data(f"of the local AWS on {running.endpoint}", is_running=True, aws=running)
        return
    if not archive.exists(LAST_RUN):
        raise DataHubError("There is no data yet: run ./hub run first")
    with TemporaryDirectory(prefix="data-hub-") as directory, LocalAws.start(Path(directory)) as aws:
        use(aws)
        _restore(aws)
        yield Data("of the last run", is_running=False, aws=aws)


def _restore(aws: LocalAws) -> None:
    try:
        archive.restore(aws, LAST_RUN)
    except FileNotFoundError:
        # A run that ended just now has replaced the archive while it was read.
        archive.restore(aws, LAST_RUN)


@contextmanager
def open_data_to_change() -> Iterator[Data]:
    """Open the data alone; what is changed is kept. Raises like ``open_data`` and ``state_lock.held``."""
    with state_lock.held(), open_data() as data:
        yield data
        if not data.is_running:
            archive.save(data.aws, LAST_RUN)


@contextmanager
def open_ledger(pipeline: Pipeline) -> Iterator[Ledger]:
    """Open a pipeline's ledger; what is written to it is kept. Raises like ``open_data_to_change``."""
    with open_data_to_change():
        yield Ledger.open(open_catalog(), DATABASE, pipeline.table)
