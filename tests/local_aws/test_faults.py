"""The local AWS fails by a plan."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from pyiceberg.io.pyarrow import PyArrowFileIO

from local_aws.environment import REGION
from local_aws.faults import Call, Effect, Fault
from local_aws.process import LocalAws


class Trial:
    """A bucket with versions, and clients that try nothing again."""

    def __init__(self, aws: LocalAws) -> None:
        self.bucket = f"faults-{uuid.uuid4().hex[:8]}"
        self.faults = aws.faults
        self.s3: Any = self.client("s3")
        self.glue: Any = self.client("glue")
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def client(self, service: str, role: str = "testing", **config: Any) -> Any:
        config = {"retries": {"max_attempts": 0}, **config}
        return boto3.client(service, config=Config(**config), aws_access_key_id=role, aws_secret_access_key="x")  # type: ignore[call-overload]

    def put(self, key: str = "k", client: Any = None) -> None:
        (client or self.s3).put_object(Bucket=self.bucket, Key=key, Body=b"0123456789" * 100)

    def get(self) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.bucket, Key="k")["Body"].read()
        return content

    def versions(self) -> int:
        return len(self.s3.list_object_versions(Bucket=self.bucket).get("Versions", []))


@pytest.fixture
def trial(aws: LocalAws) -> Iterator[Trial]:
    made = Trial(aws)
    yield made
    made.faults.end()


@pytest.mark.parametrize(
    ("effect", "of_s3", "of_glue"),
    [
        ("refuse", "AccessDenied", "AccessDeniedException"),
        ("error", "InternalError", "InternalServiceException"),
        ("throttle", "SlowDown", "ThrottlingException"),
    ],
)
def test_a_call_fails_as_aws_words_it_and_does_nothing(trial: Trial, effect: Effect, of_s3: str, of_glue: str) -> None:
    trial.faults.plan(Fault(effect, at=1, times=2))
    with pytest.raises(ClientError, match=rf"\({of_s3}\)"):
        trial.put()
    with pytest.raises(ClientError, match=rf"\({of_glue}\)"):
        trial.glue.create_database(DatabaseInput={"Name": trial.bucket})
    trial.glue.create_database(DatabaseInput={"Name": trial.bucket})
    assert trial.versions() == 0


@pytest.mark.parametrize(("effect", "versions"), [("cut_before", 0), ("cut_after", 1), ("cut_amid", 1)])
def test_a_connection_ends_before_or_after_the_effect(trial: Trial, effect: Effect, versions: int) -> None:
    trial.faults.plan(Fault(effect, at=1, operation="PUT"))
    if effect == "cut_amid":
        trial.put()  # S3's answer has no body: its headers say everything
    else:
        with pytest.raises(ConnectionClosedError):
            trial.put()
    trial.faults.end()
    assert trial.versions() == versions


def test_an_answer_is_cut_off_in_its_middle(trial: Trial) -> None:
    trial.put()
    trial.faults.plan(Fault("cut_amid", at=1))
    body = trial.s3.get_object(Bucket=trial.bucket, Key="k")["Body"]
    assert len(body.read(500)) == 500
    with pytest.raises(Exception, match=r"IncompleteRead|500"):
        body.read()


def test_a_call_is_done_twice(trial: Trial) -> None:
    trial.faults.plan(Fault("duplicate", at=1))
    trial.put()
    trial.faults.end()
    assert trial.versions() == 2
    trial.faults.plan(Fault("duplicate", at=1, service="glue"))
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        trial.glue.create_database(DatabaseInput={"Name": trial.bucket})


def test_a_late_call_is_done_when_the_plan_ends(trial: Trial) -> None:
    trial.faults.plan(Fault("late", at=1))
    with pytest.raises(ConnectionClosedError):
        trial.put()
    assert trial.versions() == 0
    trial.faults.end()
    assert trial.versions() == 1


@pytest.mark.parametrize(("effect", "versions"), [("hold_before", 0), ("hold_after", 1)])
def test_a_call_is_held_until_the_plan_ends(trial: Trial, effect: Effect, versions: int) -> None:
    trial.faults.plan(Fault(effect, at=1, operation="PUT"))
    caller = threading.Thread(target=trial.put)
    caller.start()
    while not trial.faults.seen()[1]:
        time.sleep(0.01)
    for _ in range(100):
        # The call counts before its effect is there.
        if trial.versions() == versions:
            break
        time.sleep(0.01)
    assert trial.versions() == versions
    assert caller.is_alive()
    trial.faults.end()
    caller.join()
    assert trial.versions() == 1


def test_a_call_is_delayed(trial: Trial) -> None:
    trial.faults.plan(Fault("delay", at=1, seconds=0.3))
    began = time.monotonic()
    trial.put()
    assert time.monotonic() - began >= 0.3
    assert trial.versions() == 1


def test_calls_are_counted_by_service_operation_and_role(trial: Trial) -> None:
    other = trial.client("s3", role="other")
    for fault, counted in [
        (Fault(), ["PUT", "GET", "GetDatabases", "PUT"]),
        (Fault(service="glue"), ["GetDatabases"]),
        (Fault(operation="PUT"), ["PUT", "PUT"]),
        (Fault(role="other"), ["PUT"]),
        (Fault(operation="PUT", role="testing"), ["PUT"]),
    ]:
        trial.faults.plan(fault)
        trial.put()
        trial.get()
        trial.glue.get_databases()
        trial.put("a b/é", other)
        trial.client("sts").get_caller_identity()
        calls, hits = trial.faults.end()
        assert ([call.operation for call in calls], hits) == (counted, [])
    assert trial.faults.seen() == ([], [])
    trial.faults.plan(Fault(role="other"))
    trial.put("a b/é", other)
    assert trial.faults.end()[0] == [Call("other", "s3", "PUT", f"/{trial.bucket}/a b/é")]


def test_a_number_of_calls_in_a_row_meets_the_fault(trial: Trial) -> None:
    trial.faults.plan(Fault("error", at=2, times=2))
    done = []
    for number in range(5):
        try:
            trial.put()
            done.append(number)
        except ClientError:
            pass
    calls, hits = trial.faults.end()
    assert (done, len(calls), len(hits)) == ([0, 3, 4], 5, 2)
    trial.put()


@pytest.mark.parametrize("effect", ["error", "cut_after", "duplicate", "late"])
def test_the_sdks_get_over_a_single_fault(trial: Trial, effect: Effect, aws: LocalAws) -> None:
    """Also a body in chunks, as pyarrow sends it."""
    io = PyArrowFileIO({"s3.endpoint": aws.endpoint, "s3.region": REGION})
    patient = trial.client("s3", retries={"max_attempts": 3})
    for at in itertools.count(1):
        trial.faults.plan(Fault(effect, at))
        with io.new_output(f"s3://{trial.bucket}/k").create(overwrite=True) as written:
            written.write(b"0123456789" * 100)
        if not trial.faults.end()[1]:
            break
        assert trial.get() == b"0123456789" * 100
    assert at == 4
    trial.faults.plan(Fault(effect, 1))
    trial.put(client=patient)
    assert len(trial.faults.end()[1]) == 1
