"""Readers that ask a view in a loop while somebody publishes it, and hold each answer against what they must see."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from data_hub.iceberg.catalog import open_catalog
from local_aws.athena import Athena

if TYPE_CHECKING:
    from local_aws.process import LocalAws

SECONDS = 60.0
# Column names and rows, as the reader's way of asking gives them.
Answer = tuple[list[str], list[dict[str, Any]]]


@dataclass
class Readers:
    """Threads that ask, each on its own way.

    Attributes:
        ask: name of the way to the question.
        judge: what is wrong with an answer, given the versions that were published before the question and begun before
            the answer came; empty when nothing is.
        begun: the newest version of which a part may be seen.
        published: the newest version of which every part must be seen.
        answers: way to the number of answers.
        faults: what was wrong.
    """

    ask: dict[str, Callable[[], Answer]]
    judge: Callable[[Answer, int, int], str]
    begun: int = 0
    published: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopped: bool = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read until the block ends."""
        self.answers = dict.fromkeys(self.ask, 0)
        with ThreadPoolExecutor(len(self.ask)) as pool:
            threads = [pool.submit(self._read, way) for way in self.ask]
            try:
                yield
            finally:
                self._stopped = True
        for thread in threads:
            thread.result()

    def wait(self) -> None:
        """Wait until each reader has asked a question that it had not asked yet, and has its answer."""
        with self._changed:
            wanted = {way: number + 2 for way, number in self.answers.items()}
            assert self._changed.wait_for(
                lambda: all(self.answers[way] >= number for way, number in wanted.items()), SECONDS
            ), f"the readers stand still: {self.answers}"

    def _read(self, way: str) -> None:
        while not self._stopped:
            published = self.published
            try:
                fault = self.judge(self.ask[way](), published, self.begun)
            except Exception as error:  # noqa: BLE001  (whatever a reader gets to see)
                fault = f"{type(error).__name__}: {error}"
            with self._changed:
                self.answers[way] += 1
                if fault:
                    self.faults.append(f"{way}: {fault}")
                self._changed.notify_all()


def by_engine(aws: "LocalAws", database: str, sql: str) -> Answer:
    """Ask the local Athena's engine."""
    table = Athena(open_catalog(), aws.client("glue"), database).query(sql)
    return table.column_names, table.to_pylist()


def by_athena(aws: "LocalAws", database: str, sql: str) -> Answer:
    """Ask as programs ask Athena."""
    athena = aws.client("athena")
    query = athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": database})
    deadline, name = time.monotonic() + SECONDS, query["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"])["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        assert time.monotonic() < deadline, status
        time.sleep(0.01)
    assert status["State"] == "SUCCEEDED", status
    header, *rows = (
        [value.get("VarCharValue") for value in row["Data"]]
        for row in athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
    )
    return [str(column) for column in header], [dict(zip(header, row, strict=True)) for row in rows]


def by_catalog(aws: "LocalAws", database: str, view: str) -> Answer:
    """Look at the definition; raise when its columns are not those of each of its texts."""
    table = aws.client("glue").get_table(DatabaseName=database, Name=view)["Table"]
    columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    for text in table["ViewDefinition"]["Representations"]:
        [query] = sqlglot.parse(text["ViewOriginalText"], dialect=text["Dialect"].lower())
        assert isinstance(query, exp.Query)
        assert query.named_selects == columns, f"{text['Dialect']} has {query.named_selects}, the view {columns}"
    return columns, []
