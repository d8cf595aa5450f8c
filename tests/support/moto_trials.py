"""moto in the test's own process, without the patches of local_aws and with them."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.athena import models as athena_models
from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core.responses import BaseResponse
from moto.glue import models
from moto.glue.models import FakeJob, GlueBackend
from moto.glue.responses import GlueResponse
from moto.lakeformation.models import PermissionCatalog
from moto.logs.models import LogsBackend
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.sqs.models import Message, Queue

from local_aws import athena_patches, moto_gaps, moto_patches
from local_aws.environment import REGION
from local_aws.lambda_runner import Answer

PATCHED_OWNERS = (models, FakeJob, GlueBackend, GlueResponse, LogsBackend, BaseResponse)
PATCHED_OWNERS += (
    athena_models,
    AthenaBackend,
    AthenaResponse,
    FakeBucket,
    FakeDeleteMarker,
    LambdaBackend,
    LambdaFunction,
    Message,
    PermissionCatalog,
    Queue,
)
# How long a second of a visibility timeout lasts in a patched moto.
SECOND = 0.01
OVERLAP_SECONDS = 0.2
JOB = {"Role": "trial", "Command": {"Name": "glueetl", "ScriptLocation": "s3://scripts/trial.py"}}


class HeldJobRunner:
    """Takes job runs, and ends them when a test says so."""

    def __init__(self) -> None:
        self._taken: list[tuple[Any, Callable[[], None]]] = []

    def start(self, _request: object, state: Any, on_end: Callable[[], None]) -> None:
        self._taken.append((state, on_end))

    def end(self, state_name: str) -> None:
        """End all that were taken so far."""
        taken, self._taken = self._taken, []
        for state, on_end in taken:
            state.finish(state_name)
            on_end()


class EchoingRunner:
    """Answers each call of a Lambda function with its event."""

    def call(self, _function: object, event: Any) -> Answer:
        return Answer(json.dumps(event), errored=False)


@contextlib.contextmanager
def installed_patches(runner: HeldJobRunner) -> Iterator[None]:
    before = [(owner, dict(vars(owner))) for owner in PATCHED_OWNERS]
    moto_patches.install(runner)  # type: ignore[arg-type]
    moto_gaps.install(EchoingRunner(), SECOND)  # type: ignore[arg-type]
    athena_patches.install("http://127.0.0.1:9")
    try:
        yield
    finally:
        for owner, names in before:
            for name in set(vars(owner)) - set(names):
                delattr(owner, name)
            for name, value in names.items():
                if vars(owner)[name] is not value:
                    setattr(owner, name, value)


def client(service: Any) -> Any:
    return boto3.client(service, REGION, endpoint_url=f"https://{service}.{REGION}.amazonaws.com")


def outcomes(*, vanilla: object, patched: object) -> pytest.MarkDecorator:
    cases = [pytest.param("vanilla", vanilla, id="vanilla"), pytest.param("patched", patched, id="patched")]
    return pytest.mark.parametrize(("glue", "outcome"), cases, indirect=["glue"])


def answer(call: Callable[..., Any], **request: Any) -> str:
    """Return ``ok`` or what went wrong."""
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    except (NotImplementedError, AttributeError) as error:
        return type(error).__name__
    return "ok"


def answers_of_two_at_once(call: Callable[..., Any], **request: Any) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(lambda _: answer(call, **request), range(2)))


def meeting_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``function`` wait a moment for a second caller, so that two that can overlap do."""
    barrier = threading.Barrier(2)

    def wait_and_call(*args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(OVERLAP_SECONDS)
        return function(*args, **kwargs)

    return wait_and_call
