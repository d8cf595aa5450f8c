"""One real Airflow for all tests of this folder, with more pipelines than the repository has."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import up_logs
from alarms import Alarms
from checkout import Checkout
from holds import HeldScript
from hub_up import HubUp
from live_pipeline import LivePipeline
from trial_pipelines import prepare

from local_aws.process import LocalAws

HERE = Path(__file__).parent
PIPELINES = {
    "clock": {"catch_up": "cron(* * * * ? *)"},
    "byhand": {"orchestrator": "glue"},
}

_running = ExitStack()
_started: list[HubUp] = []
_failures: list[str] = []


# Before pytest-xdist looks for the groups, which it does early when this folder is named on the command line.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: slow, and one after the other."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("live"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End Airflow with the last test of this folder, not with the session: others start their own."""
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        _running.close()
        _started.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add what Airflow said to the report of a test that failed."""
    report = yield
    if report.failed:
        for up in _started:
            report.sections += up_logs.read(up)
    return report


@pytest.fixture
def up(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> HubUp:
    """The running Airflow; boto3 and data_hub in the test reach its local AWS."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@live"), "without --dist loadgroup each worker starts an Airflow"
    if _failures:
        pytest.fail(f"hub up did not start for an earlier test: {_failures[0]}")
    if not _started:
        checkout = Checkout.copy_to(tmp_path_factory.mktemp("up"))
        prepare(checkout, PIPELINES)
        try:
            _started.append(_running.enter_context(HubUp.running(checkout, DATA_HUB_WATCH_SECONDS="2")))
            _keep_glue_from_reacting(_started[0].aws)
        except AssertionError as error:
            _failures.append(str(error))
            raise
    for name, value in _started[0].aws.environment.items():
        monkeypatch.setenv(name, value)
    return _started[0]


def _keep_glue_from_reacting(aws: LocalAws) -> None:
    """Let arrivals wait in their queues: what starts runs of ``byhand`` is the tests."""
    functions = aws.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


@pytest.fixture
def collections(up: HubUp) -> LivePipeline:
    """The repository's pipeline, idle."""
    return LivePipeline(up, "collections").begin()


@pytest.fixture
def clock(up: HubUp) -> LivePipeline:
    """A pipeline with a catch-up every minute, paused."""
    return LivePipeline(up, "clock").begin()


@pytest.fixture
def byhand(up: HubUp) -> LivePipeline:
    """A pipeline to whose arrivals Glue reacts: Airflow runs it by hand only."""
    return LivePipeline(up, "byhand").begin()


@pytest.fixture
def held(up: HubUp) -> Iterator[HeldScript]:
    """Runs of the ingestion wait before their work."""
    with HeldScript.of(up) as script:
        yield script


@pytest.fixture
def alarms(up: HubUp) -> Alarms:
    """What is sent through the connection data_hub_sns from here on."""
    return Alarms.subscribe(up)
