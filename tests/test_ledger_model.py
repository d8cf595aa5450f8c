"""Whatever happens in whatever order: the ledger says what a model of a few lines says."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from collections_pipeline import HEADER_V1, PIPELINE, row_v1
from folder_lake import folder_catalog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from local_store import LocalStore

from data_hub.errors import DataHubError
from data_hub.iceberg import commit
from data_hub.iceberg.tables import Tables
from data_hub.ingestion import withdraw
from data_hub.ingestion.arrow_engine import ArrowEngine
from data_hub.ingestion.ingest import Ingestion
from data_hub.ingestion.limits import UNLIMITED
from data_hub.ingestion.objects import SourceObject
from data_hub.ledgers.covered_versions import COLUMNS, CoveredVersions
from data_hub.ledgers.ledger import Ledger, unrecorded
from data_hub.ledgers.ledger_entry import ACKNOWLEDGED, INGESTED, REJECTED, SKIPPED, SUPERSEDED, WITHDRAWN, to_arrow
from data_hub.ledgers.ledger_rows import LedgerRows
from data_hub.pipelines.deployment import Deployment

KEYS = ("x", "y")
CONTENTS = {"A": HEADER_V1 + row_v1("A"), "B": HEADER_V1 + row_v1("B") * 2, "none": HEADER_V1, "bad": b""}
ROWS = {"A": 1, "B": 2, "none": 0}


class LostWrite(Exception):
    """The ledger could not be written."""


@contextmanager
def losing(write_is_lost: bool) -> Iterator[None]:
    def lose(*_: object) -> None:
        raise LostWrite

    if not write_is_lost:
        yield
        return
    with patch.object(commit, "append_rows", lose):
        try:
            yield
        except LostWrite:
            return


@dataclass
class Known:
    """What the model knows of a key: its state, the delivery that this is about, and the content in the table."""

    status: str
    etag: str
    delivery: SourceObject
    content: str | None


class Model:
    """What should be, in plain Python; a key that was never dealt with is not in ``known``."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[SourceObject, str]] = {}
        self.known: dict[str, Known] = {}
        self.superseded = 0
        self.is_behind = False

    def is_covered(self, item: SourceObject) -> bool:
        known = self.known.get(item.key)
        if known is None or known.etag != item.etag:
            return False
        return known.status in {INGESTED, SKIPPED} or known.delivery.last_modified == item.last_modified

    def run(self, write_is_lost: bool) -> None:
        if write_is_lost and self.is_behind:
            return  # it ends where it should repair the ledger
        self.is_behind = False
        for key, (item, content) in self.objects.items():
            if self.is_covered(item):
                continue
            before = self.known.get(key)
            held = before.content if before else None
            if content == "bad":
                status = REJECTED
            elif before and before.status in {INGESTED, SKIPPED} and held == content:
                status = SKIPPED
            else:
                status = INGESTED
                self.superseded += held not in {None, content}
            if status == INGESTED:
                self.is_behind = write_is_lost
                held = content
            elif write_is_lost:
                continue
            self.known[key] = Known(status, item.etag, item, held)

    def withdraw(self, key: str, write_is_lost: bool) -> bool:
        known = self.known.get(key)
        if known is None or known.content is None:
            return False
        self.known[key] = Known(WITHDRAWN, known.etag, known.delivery, None)
        self.is_behind = self.is_behind or write_is_lost
        return True

    def acknowledge(self, key: str) -> bool:
        known = self.known.get(key)
        if known is None or known.status != REJECTED:
            return False
        known.status = ACKNOWLEDGED
        return True


class Trial:
    """The hub on the local disk, beside the model."""

    def __init__(self, folder: Path) -> None:
        self.model, self.store = Model(), LocalStore()
        self.catalog = folder_catalog(folder)
        self.deployment = Deployment("s3://none/x.yaml", "raw", f"file://{folder}/warehouse", "data_hub", "arn:aws:x")
        self.tables()
        self.long_lived = self.ledger()

    def tables(self) -> Tables:
        return Tables.ensure(self.catalog, self.deployment, PIPELINE.table)

    def ledger(self) -> Ledger:
        return Ledger.open(self.catalog, "data_hub", PIPELINE.table)

    def deliver(self, key: str, content: str, etag: str) -> None:
        item = self.store.put(key, CONTENTS[content], etag and f"{etag} of {content}")
        self.model.objects[key] = (item, content)

    def expire(self, key: str) -> None:
        self.store.objects.pop(key, None)
        self.model.objects.pop(key, None)

    def run(self, write_is_lost: bool) -> None:
        tables = self.tables()
        engine = ArrowEngine(PIPELINE, self.store, tables, "jr", UNLIMITED)
        with losing(write_is_lost):
            Ingestion(PIPELINE, self.store, tables, engine, lambda _: None).run()
        self.model.run(write_is_lost)

    def withdraw(self, key: str, write_is_lost: bool) -> None:
        def take_out() -> None:
            with losing(write_is_lost), patch.object(withdraw, "open_catalog", lambda: self.catalog):
                withdraw.withdraw(PIPELINE, self.deployment, key, "by hand", lambda _: None)

        self.expect(self.model.withdraw(key, write_is_lost), take_out)

    def acknowledge(self, key: str) -> None:
        self.expect(self.model.acknowledge(key), lambda: self.ledger().acknowledge(key))

    def expect(self, is_right: bool, action: Callable[[], None]) -> None:
        if is_right:
            action()
        else:
            with pytest.raises(DataHubError):
                action()

    def check(self) -> None:
        expected = {key: (known.status, known.etag) for key, known in self.model.known.items()}
        self.long_lived.refresh()
        for ledger in (self.ledger(), self.long_lived):
            assert {key: (one.status, one.etag) for key, one in ledger.entries().items()} == expected
            rejected = {key for key, known in self.model.known.items() if known.status == REJECTED}
            assert {one.key for one in ledger.rejected_files()} == rejected
            held = {key for key in KEYS if ledger.content(key)}
            assert held == {key for key, known in self.model.known.items() if known.content}
        covered = self.covered()
        for item in self.store.list_objects():
            assert covered.covers(item) == self.long_lived.covers(item) == self.model.is_covered(item)
        files = self.tables().rows.scan().to_arrow()["source_file"].to_pylist()
        assert {key: files.count(key) for key in KEYS} == {
            key: ROWS[known.content] if (known := self.model.known.get(key)) and known.content else 0 for key in KEYS
        }

    def covered(self) -> CoveredVersions:
        tables, covered, commits = self.tables(), CoveredVersions(), set[str]()
        for rows in LedgerRows(COLUMNS).unread(tables.ledger, str(tables.rows.metadata.table_uuid)).parts:
            commits.update(rows["commit_id"].drop_null().to_pylist())
            covered.add(rows)
        covered.add(to_arrow(unrecorded(tables.rows, commits)).select(COLUMNS))
        return covered


def deliver_and_run(trial: Trial, key: str, content: str, etag: str, write_is_lost: bool) -> None:
    trial.deliver(key, content, etag)
    trial.run(write_is_lost)


key, is_lost = st.sampled_from(KEYS), st.booleans()
delivery = (key, st.sampled_from(["A", "A", "B", "none", "bad"]), st.sampled_from(["", "", "other"]))
STEPS = st.one_of(
    st.tuples(st.just(deliver_and_run), *delivery, is_lost),
    st.tuples(st.just(deliver_and_run), *delivery, is_lost),
    st.tuples(st.just(Trial.withdraw), key, is_lost),
    st.tuples(st.just(Trial.withdraw), key, is_lost),
    st.tuples(st.just(Trial.acknowledge), key),
    st.tuples(st.just(Trial.deliver), *delivery),
    st.tuples(st.just(Trial.run), is_lost),
    st.tuples(st.just(Trial.expire), key),
)
Steps = list[tuple[Callable[..., None], *tuple[Any, ...]]]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(STEPS, min_size=4, max_size=12))
@example([(deliver_and_run, "x", "A", "", False), (Trial.withdraw, "x", False), (deliver_and_run, "x", "A", "", True)])
@example([(deliver_and_run, "x", "A", "", True), (deliver_and_run, "x", "bad", "", False), (Trial.withdraw, "x", True)])
@example([(deliver_and_run, "x", "bad", "", False), (Trial.acknowledge, "x"), (deliver_and_run, "x", "bad", "", False)])
def test_the_ledger_says_what_happened(steps: Steps) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        for step, *arguments in steps:
            step(trial, *arguments)
            trial.check()
        trial.run(False)
        trial.check()
        trial.run(False)
        rows = trial.tables().ledger.scan().to_arrow()
        assert rows["status"].to_pylist().count(SUPERSEDED) == trial.model.superseded
        told = rows.select(["key", "status", "commit_id", "recorded_at"]).to_pylist()
        assert len({tuple(row.values()) for row in told}) == len(rows)
