"""Athena's queries, which moto takes and never runs: DuckDB answers them, each in a thread.

https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
"""

import functools
import json
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.athena import models
from moto.athena.models import AthenaBackend, Execution
from moto.athena.responses import AthenaResponse

from data_hub.errors import DataHubError
from local_aws import environment
from local_aws.patching import LOCK, replace

if TYPE_CHECKING:
    import pyarrow as pa

# Athena's default and greatest MaxResults.
PAGE_ROWS = 1000
_LIVE = ("QUEUED", "RUNNING")


def install(endpoint: str) -> None:
    """Patch moto in this process.

    Args:
        endpoint: URL at which this process serves the tables and views.

    Raises:
        RuntimeError: moto is not the version that these patches are made for.
    """
    replace(models, "Execution", lambda _: LocalExecution)
    replace(AthenaBackend, "start_query_execution", functools.partial(_start, endpoint))
    replace(AthenaBackend, "stop_query_execution", lambda _: _stop)
    replace(AthenaResponse, "get_query_execution", _with_reason)
    replace(AthenaResponse, "get_query_results", _pages_of_rows)


class LocalExecution(Execution):  # type: ignore[misc]
    """A query whose state is what happened; moto's is SUCCEEDED whatever was asked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = "QUEUED"
        self.reason = ""
        self.answer: pa.Table | None = None

    @property
    def status(self) -> str:
        """The state's name; moto reads it from here."""
        return self.state

    def advance(self) -> None:
        """Do nothing: looking at a query does not move it on."""

    def go_to(self, state: str, reason: str = "") -> None:
        """Change the state, unless the query has ended."""
        with LOCK:
            if self.state in _LIVE:
                self.state, self.reason, self.end_time = state, reason, time.time()

    def run(self, endpoint: str) -> None:
        """Answer the query, and end."""
        self.go_to("RUNNING")
        try:
            self.answer = _answer(endpoint, (self.context or {}).get("Database", "default"), self.query)
        except DataHubError as error:
            self.go_to("FAILED", str(error))
        except Exception as error:  # noqa: BLE001  (else the query would run for ever)
            traceback.print_exc()
            self.go_to("FAILED", f"{type(error).__name__}: {error}")
        self.go_to("SUCCEEDED")


def _answer(endpoint: str, database: str, sql: str) -> "pa.Table":
    # Not at the start: it takes a second, which a server that nobody asks need not spend.
    from pyiceberg.catalog.glue import GlueCatalog

    from local_aws.athena import Athena

    glue = environment.client("glue", endpoint)
    keys = {"s3.access-key-id": environment.DUMMY_KEY, "s3.secret-access-key": environment.DUMMY_KEY}
    catalog = GlueCatalog("athena", client=glue, **keys, **{"s3.endpoint": endpoint, "s3.region": environment.REGION})
    return Athena(catalog, glue, database).query(sql)


def _start(endpoint: str, original: Callable[..., str]) -> Callable[..., str]:
    """Run the query."""

    @functools.wraps(original)
    def start_query_execution(backend: Any, *args: Any, **kwargs: Any) -> str:
        query = original(backend, *args, **kwargs)
        threading.Thread(target=backend.executions[query].run, args=(endpoint,), daemon=True).start()
        return query

    return start_query_execution


def _stop(backend: Any, query: str) -> None:
    """Tell that a query was cancelled; its thread works on, and nobody sees its answer."""
    backend.executions[query].go_to("CANCELLED", "Query cancelled by user")


def _with_reason(original: Callable[..., str]) -> Callable[..., str]:
    """Say why a query failed."""

    @functools.wraps(original)
    def get_query_execution(response: Any) -> str:
        answer = json.loads(original(response))
        status = answer["QueryExecution"]["Status"]
        execution = response.athena_backend.executions[response._get_param("QueryExecutionId")]
        if execution.reason:
            status["StateChangeReason"] = execution.reason
        if execution.state in _LIVE:
            del status["CompletionDateTime"]
        return json.dumps(answer)

    return get_query_execution


def _pages_of_rows(original: Callable[..., str]) -> Callable[..., str]:
    """Answer the rows; the first of the first page is the columns' names."""

    @functools.wraps(original)
    def get_query_results(response: Any) -> str:
        execution = response.athena_backend.executions.get(response._get_param("QueryExecutionId"))
        if execution is None or execution.state != "SUCCEEDED":
            return original(response)
        first = int(response._get_param("NextToken") or 0)
        count = min(int(response._get_param("MaxResults") or PAGE_ROWS), PAGE_ROWS)
        return json.dumps(_page(execution.answer, first, count))

    return get_query_results


def _page(answer: "pa.Table", first: int, count: int) -> dict[str, Any]:
    from local_aws.athena_text import text, type_name

    header = [answer.column_names] if first == 0 else []
    # By position: two columns of an answer may have the same name.
    columns = [column.to_pylist() for column in answer.slice(max(first - 1, 0), count - len(header)).columns]
    rows = [
        {"Data": [{} if value is None else {"VarCharValue": text(value)} for value in row]}
        for row in [*header, *zip(*columns, strict=True)]
    ]
    names = zip(answer.column_names, answer.schema.types, strict=True)
    info = [{"Name": name, "Label": name, "Type": type_name(kind)} for name, kind in names]
    page: dict[str, Any] = {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": info}}}
    if first + len(rows) < len(answer) + 1:
        page["NextToken"] = str(first + len(rows))
    return page
