"""One applied stack for all tests of this folder that need AWS."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from stack import Stack

HERE = Path(__file__).parent

_running = ExitStack()
_applied: list[Stack] = []
_failures: list[str] = []


# Before pytest-xdist looks for the groups, which it does early when this folder is named on the command line.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the stack: slow, and one after the other; the last of them destroys it."""
    for item in items:
        if item.path.is_relative_to(HERE) and "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
            # With the tests of the live Airflow: each of the two takes a whole machine and waits for deadlines.
            item.add_marker(pytest.mark.xdist_group("live"))
            item.add_marker(pytest.mark.timeout(600))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End the local AWS with the last test of this folder, not with the session."""
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        _running.close()
        _applied.clear()


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """What Terraform made, driven by Glue, with nothing under way; boto3 and data_hub in the test reach it."""
    if _failures:
        pytest.fail(f"the stack could not be applied for an earlier test: {_failures[0]}")
    if not _applied:
        try:
            _applied.append(_running.enter_context(Stack.applied(tmp_path_factory.mktemp("stack"))))
        except AssertionError as error:
            _failures.append(str(error))
            raise
    (applied,) = _applied
    for name, value in applied.environment.items():
        monkeypatch.setenv(name, value)
    applied.await_idle()
    return applied
