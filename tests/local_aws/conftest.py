"""What the tests of moto's patches share."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto_trials import HeldJobRunner, client, installed_patches


@pytest.fixture
def held() -> HeldJobRunner:
    """The job runner of a ``patched`` moto."""
    return HeldJobRunner()


@pytest.fixture
def glue(request: pytest.FixtureRequest, held: HeldJobRunner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Glue client of moto in this process, ``vanilla`` or ``patched``."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with installed_patches(held) if request.param == "patched" else contextlib.nullcontext(), mock_aws():
        yield client("glue")
