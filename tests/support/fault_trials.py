"""Ingestions that meet a fault, die or are overtaken; what they leave behind is checked and repaired."""

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from collections_pipeline import HEADER_V1, row_v1
from lake import Lake
from pyiceberg.exceptions import NoSuchTableError

from data_hub.errors import TryAgainError
from data_hub.iceberg import catalog
from local_aws.environment import client_environment
from local_aws.faults import Call, Fault
from local_aws.process import LocalAws

# The role of an ingestion in a process of its own, so that a plan tells its calls from a reader's.
CHILD = "child"
TABLES = ("", "_rejects", "_ledger")
WAIT_SECONDS = 60.0
# How a process ends in which other writers were in the way for too long.
TRY_AGAIN = 75

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["__main__", "lake", "data_hub.ingestion.ingest", "pyiceberg.catalog.glue", "boto3"])


@dataclass(frozen=True)
class State:
    """All rows of the three tables, without what differs from run to run."""

    rows: tuple[tuple[Any, ...], ...]
    rejects: tuple[tuple[Any, ...], ...]
    ledger: tuple[tuple[Any, ...], ...]

    @classmethod
    def read(cls, lake: Lake) -> "State":
        """Scan the tables; one that is missing has no rows."""
        opened = catalog.open_catalog()

        def scan(suffix: str, *columns: str) -> tuple[tuple[Any, ...], ...]:
            try:
                table = opened.load_table((lake.deployment.database, f"{lake.pipeline.table.name}{suffix}"))
            except NoSuchTableError:
                return ()
            found = table.scan(selected_fields=columns).to_arrow().to_pylist()
            return tuple(sorted((tuple(row[name] for name in columns) for row in found), key=str))

        return cls(
            rows=scan("", "source_file", "source_line", "item_mdrm", "item_value"),
            rejects=scan("_rejects", "source_file", "source_line", "reason", "raw_text"),
            ledger=scan("_ledger", "key", "status", "rows_read", "rows_ingested", "rows_rejected"),
        )

    def of(self, key: str) -> tuple[Any, ...]:
        """Return the rows of one file."""
        return tuple(row for row in self.rows if row[0] == key)


class FaultTrials:
    """One delivery that is ingested again and again from the same beginning.

    Args:
        lake: what was ingested before, and objects that are new.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.faults = lake.aws.faults
        self._glue, self._s3 = lake.aws.client("glue"), lake.aws.client("s3")
        self._bucket = lake.deployment.warehouse.split("/")[2]
        self._tables = self._glue.get_tables(DatabaseName=lake.deployment.database)["TableList"]
        self._objects = self._object_keys()
        self._repaired: set[Any] = set()
        self.before = State.read(lake)
        self.calls = self._count_calls()
        self.after = State.read(lake)
        self._assert_settled()

    def _count_calls(self) -> list[Call]:
        self.faults.plan(Fault())
        self.lake.ingest()
        return self.faults.end()[0]

    def numbers(self, *operations: str) -> list[int]:
        """Return the numbers of the calls of these operations, of all calls if none is named."""
        return [at for at, call in enumerate(self.calls, 1) if not operations or call.operation in operations]

    def reset(self) -> None:
        """Put catalogue and warehouse back to the beginning."""
        database, names = self.lake.deployment.database, {table["Name"] for table in self._tables}
        for table in self._glue.get_tables(DatabaseName=database)["TableList"]:
            if table["Name"] not in names:
                self._glue.delete_table(DatabaseName=database, Name=table["Name"])
        for table in self._tables:
            kept = ("Name", "Owner", "StorageDescriptor", "TableType", "Parameters")
            given: Any = {name: table[name] for name in kept if name in table}  # type: ignore[literal-required]
            self._glue.update_table(DatabaseName=database, TableInput=given)
        if left := [{"Key": key} for key in self._object_keys() - self._objects]:
            self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": left})  # type: ignore[typeddict-item]

    def meet(self, fault: Fault) -> str:
        """Let an ingestion meet a fault, check and repair what it left; return what is wrong, empty if nothing is."""
        self.reset()
        self.faults.plan(fault)
        failure: Exception | None = None
        try:
            self.lake.ingest()
        except Exception as error:  # noqa: BLE001  (whatever it is, it must leave nothing broken)
            failure = error
        hits = self.faults.end()[1]
        return _complaint(fault, hits, lambda: self._check(failed=failure is not None), f"the run: {failure!r}")

    def kill(self, fault: Fault, then: Callable[[Lake], object] | None = None) -> str:
        """Kill an ingestion in a process of its own that is held by a fault; then as ``meet``.

        What it had sent and was held before it is done arrives after the repair.

        Args:
            fault: what holds it.
            then: what happens between its death and the next ingestion.
        """
        late = fault.effect == "hold_before"

        def check() -> None:
            self._check(failed=True, even_if_known=then is not None or late)
            self.faults.end()
            if late:
                self._assert_settled()

        with self._held_child(fault) as child:
            child.kill()
            child.join()
        if then:
            then(self.lake)
        return _complaint(fault, self.faults.seen()[1], check, "killed")

    def overtake(self, fault: Fault, other: Callable[[Lake], object] = Lake.ingest) -> str:
        """Let something else happen, a whole other ingestion, while one is held by a fault; then as ``meet``."""
        with self._held_child(fault) as child:
            other(self.lake)
            hits = self.faults.end()[1]
            child.join(WAIT_SECONDS)
            code = child.exitcode

        def check() -> None:
            assert code in {0, TRY_AGAIN}
            self._check(failed=code != 0)

        return _complaint(fault, hits, check, f"exit code {code}")

    @contextmanager
    def _held_child(self, fault: Fault) -> Iterator[BaseProcess]:
        self.reset()
        self.faults.plan(replace(fault, role=CHILD))
        with child_ingestion(self.lake) as child:
            deadline = time.monotonic() + WAIT_SECONDS
            while child.is_alive() and not self.faults.seen()[1]:
                assert time.monotonic() < deadline, "the ingestion neither ended nor came to the call"
                time.sleep(0.01)
            yield child

    def _check(self, *, failed: bool, even_if_known: bool = False) -> None:
        state = State.read(self.lake)
        self._assert_whole_files(state)
        if failed:
            # Where another trial left catalogue and warehouse just so, the next ingestion did what it will do here.
            left = (state, self._fingerprint())
            if left in self._repaired and not even_if_known:
                return
            self.lake.ingest()
            self._repaired.add(left)
        self._assert_settled()

    def _assert_whole_files(self, state: State) -> None:
        for key in {row[0] for row in (*self.before.rows, *self.after.rows, *state.rows)}:
            assert state.of(key) in (self.before.of(key), self.after.of(key)), f"a part of {key}"
        news = Counter(state.ledger) - Counter(self.before.ledger)
        assert news <= Counter(self.after.ledger) - Counter(self.before.ledger), "the ledger says too much"
        for key in {entry[0] for entry in news}:
            assert state.of(key) == self.after.of(key), f"the ledger is ahead of the rows of {key}"

    def _assert_settled(self) -> None:
        """One more ingestion finds nothing to do and commits nothing."""
        assert State.read(self.lake) == self.after
        before = self._locations()
        assert self.lake.ingest() == []
        assert self._locations() == before, "a further run commits something"

    def _locations(self) -> Mapping[str, str]:
        tables = self._glue.get_tables(DatabaseName=self.lake.deployment.database)["TableList"]
        return {table["Name"]: table["Parameters"]["metadata_location"] for table in tables}

    def _fingerprint(self) -> Any:
        """What is in catalogue and warehouse, but for the random parts of names."""
        versions = sorted((name, place.rsplit("/", 1)[-1].split("-")[0]) for name, place in self._locations().items())
        kinds = Counter((key.rsplit("/", 1)[0], key.rsplit(".", 1)[-1]) for key in self._object_keys())
        return tuple(versions), frozenset(kinds.items())

    def _object_keys(self) -> frozenset[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        return frozenset(item["Key"] for page in pages for item in page.get("Contents", []))


@contextmanager
def child_ingestion(lake: Lake) -> Iterator[BaseProcess]:
    """Run the ingestion in a process of its own, which is gone at the end."""
    attached = replace(lake, aws=LocalAws.attach(lake.aws.endpoint))
    environment = client_environment(lake.aws.endpoint, CHILD)
    child = _processes.Process(target=_ingest, args=(attached, environment), daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        # The server that children are forked from takes its path from here, when it is started for the first of them.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()


def _ingest(lake: Lake, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    try:
        lake.ingest("jr_child")
    except TryAgainError:
        sys.exit(TRY_AGAIN)


def _complaint(fault: Fault, hits: list[Call], check: Callable[[], None], told: str) -> str:
    try:
        assert hits, "the call was not reached"
        check()
    except Exception as error:  # noqa: BLE001  (told with the call)
        where = f"{hits[0].service} {hits[0].operation} {hits[0].target[-70:]}" if hits else ""
        return f"{fault.effect} x{fault.times} at call {fault.at} {where}: {type(error).__name__}: {error} ({told})"
    return ""


def without_long_waits(patch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between the attempts of boto3, pyiceberg and the library."""
    sleep = time.sleep
    patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


def with_corrections(aws: LocalAws) -> FaultTrials:
    """Return a delivery with a correction, an unchanged redelivery, a good file, one with a reject, a rejected one."""
    lake = Lake.create(aws)
    lake.put("corrected.csv", _content("A", "B"))
    unchanged = lake.put("unchanged.csv", _content("D"))
    lake.ingest()
    lake.put("corrected.csv", _content("C"))
    lake.put_under_another_etag(unchanged, _content("D"))
    lake.put("good.csv", _content("E", "F"))
    lake.put("one_reject.csv", _content(*["G"] * 30) + b"short\n")
    lake.put("rejected.csv", _content("H") + b"short\n")
    return FaultTrials(lake)


def into_no_tables(aws: LocalAws) -> FaultTrials:
    """Return a first delivery: the ingestion makes the tables too."""
    lake = Lake.create(aws)
    lake.put("good.csv", _content("A", "B"))
    lake.put("one_reject.csv", _content(*["C"] * 30) + b"short\n")
    return FaultTrials(lake)


def _content(*items: str) -> bytes:
    return HEADER_V1 + b"".join(row_v1(item) for item in items)
