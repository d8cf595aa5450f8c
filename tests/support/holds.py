"""Glue jobs and Airflow tasks that a test holds at a known place, so that it can do harm there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from hub_up import HubUp
from live_pipeline import eventually
from trial_pipelines import HELD

from local_aws.deploy import SCRIPTS_BUCKET

_WAIT = """
def _wait_for_test(name):
    import time

    import boto3

    s3 = boto3.client("s3")
    s3.put_object(Bucket={bucket!r}, Key="at-" + name, Body=b"")
    while s3.list_objects_v2(Bucket={bucket!r}, Prefix=name).get("KeyCount"):
        time.sleep(0.1)


"""
_BEFORE, _AFTER = "hold-before-work", "hold-after-work"
_WORK = "    job.run_ingestion(sys.argv)\n"
_HELD_WORK = f"    _wait_for_test('{_BEFORE}')\n{_WORK}    _wait_for_test('{_AFTER}')\n"


@dataclass(frozen=True)
class HeldScript:
    """A Glue script that waits before or after its work.

    Attributes:
        up: whose local AWS.
        script: its name.
        text: what it does.
    """

    up: HubUp
    script: str
    text: str

    @classmethod
    @contextmanager
    def of(cls, up: HubUp, script: str = "glue_csv_to_iceberg.py") -> "Iterator[HeldScript]":
        """Hold the runs of a script that start from now on before their work; let go and restore it at the end."""
        text = up.aws.client("s3").get_object(Bucket=SCRIPTS_BUCKET, Key=script)["Body"].read().decode()
        held = cls(up, script, text)
        held.release()
        held._hold(_BEFORE)
        held._write(_WAIT.format(bucket=SCRIPTS_BUCKET) + text.replace(_WORK, _HELD_WORK))
        try:
            yield held
        finally:
            held.restore()
            held.release()

    def work_and_hold(self) -> None:
        """Let a run that waits do its work, and wait until it has done it."""
        self._hold(_AFTER)
        self.let_work()
        self.await_held(_AFTER)

    def await_held(self, place: str = _BEFORE) -> None:
        """Wait until a run is held."""
        eventually(lambda: self._keys(f"at-{place}"), f"a run that waits at {place}")

    def _hold(self, name: str) -> None:
        self.up.aws.client("s3").put_object(Bucket=SCRIPTS_BUCKET, Key=name, Body=b"")

    def let_work(self) -> None:
        """Let runs that wait before their work do it."""
        self.up.aws.client("s3").delete_object(Bucket=SCRIPTS_BUCKET, Key=_BEFORE)

    def release(self) -> None:
        """Let all runs go."""
        for name in (_BEFORE, _AFTER, f"at-{_BEFORE}", f"at-{_AFTER}"):
            self.up.aws.client("s3").delete_object(Bucket=SCRIPTS_BUCKET, Key=name)

    def restore(self) -> None:
        """Let runs that start from now on do their work at once; those that wait go on waiting."""
        self._write(self.text)

    def _keys(self, prefix: str) -> int:
        return self.up.aws.client("s3").list_objects_v2(Bucket=SCRIPTS_BUCKET, Prefix=prefix)["KeyCount"]

    def _write(self, text: str) -> None:
        self.up.aws.client("s3").put_object(Bucket=SCRIPTS_BUCKET, Key=self.script, Body=text.encode())


@dataclass(frozen=True)
class HeldTask:
    """An Airflow task that waits on its worker.

    Attributes:
        file: while it is there, the task waits.
    """

    file: Path

    @classmethod
    @contextmanager
    def of(cls, up: HubUp, task: str, *, has_started: bool = False) -> "Iterator[HeldTask]":
        """Hold a task from now on; let go at the end.

        Args:
            up: where it runs.
            task: its id.
            has_started: hold it when Glue has started its job run, not each time before its own code runs.
        """
        held = cls(up.checkout.path / HELD / (f"{task}.started" if has_started else task))
        held._pids_file.unlink(missing_ok=True)
        held.file.touch()
        try:
            yield held
        finally:
            held.release()

    def processes(self) -> list[psutil.Process]:
        """Wait until the task is held; return its worker and its own process."""
        pids = eventually(self._pids, f"{self.file.name} to begin")
        return [psutil.Process(pid) for pid in pids]

    def release(self) -> None:
        """Let the task go on."""
        self.file.unlink(missing_ok=True)

    def _pids(self) -> list[int]:
        return [int(pid) for pid in self._pids_file.read_text().split()] if self._pids_file.exists() else []

    @property
    def _pids_file(self) -> Path:
        return self.file.with_name(f"{self.file.name}.pids")
