"""The data that commands look at: of the running local AWS or, when none runs, of the last run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from data_hub.catalog import open_catalog
from data_hub.errors import DataHubError
from data_hub.ledger import Ledger
from data_hub.pipeline import Pipeline
from hub_cli.locations import LAST_RUN, LOCAL_AWS, STATE
from local_aws import archive
from local_aws.athena import Athena
from local_aws.deploy import DATABASE
from local_aws.process import LocalAws


def use(aws: LocalAws) -> None:
    """Make boto3 and pyiceberg of this process talk to a local AWS, and to nothing else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(aws.environment)


@contextmanager
def open_athena() -> Iterator[Athena]:
    """Open Athena on the running local AWS or on the data of the last run.

    Raises:
        DataHubError: nothing runs, and nothing ran before.
    """
    with _running_or_restored() as aws:
        yield Athena(open_catalog(), aws.client("glue"), DATABASE)


@contextmanager
def open_ledger(pipeline: Pipeline) -> Iterator[Ledger]:
    """Open a pipeline's ledger like ``open_athena``; what is written to it is kept."""
    with _running_or_restored() as aws:
        yield Ledger.open(open_catalog(), DATABASE, pipeline.table)
        if LocalAws.running(LOCAL_AWS) is None:
            archive.save(aws, LAST_RUN)


@contextmanager
def _running_or_restored() -> Iterator[LocalAws]:
    if running := LocalAws.running(LOCAL_AWS):
        use(running)
        yield running
        return
    if not archive.exists(LAST_RUN):
        raise DataHubError("There is no data yet: run ./hub run first")
    with TemporaryDirectory(prefix="query-", dir=STATE) as directory, LocalAws.start(Path(directory)) as aws:
        use(aws)
        archive.restore(aws, LAST_RUN)
        yield aws
