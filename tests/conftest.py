"""What several test modules share."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lake import Lake
from spark_lake import SparkLake, SparkWarehouse

from local_aws.process import LocalAws


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why tests were skipped, a line for each reason."""
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    for reason, number in reasons.items():
        terminalreporter.write_line(f"{number} skipped: {reason}")


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS for the whole session; boto3 and data_hub in the test process reach it too."""
    with LocalAws.start(tmp_path_factory.mktemp("local-aws")) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture
def lake(aws: LocalAws) -> Lake:
    """An empty lake of the test's own."""
    return Lake.create(aws)


@pytest.fixture(scope="session")
def spark(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkWarehouse]:
    """Spark for the whole session, and the folder whose tables it sees; its tasks reach the local AWS."""
    with SparkWarehouse.start(tmp_path_factory.mktemp("spark")) as started:
        yield started


@pytest.fixture
def spark_lake(spark: SparkWarehouse, tmp_path: Path) -> Iterator[SparkLake]:
    """An empty lake of the test's own, for both engines."""
    lake = SparkLake(spark, tmp_path)
    yield lake
    lake.remove()
