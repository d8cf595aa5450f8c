"""Athena's workgroup, asked for one row."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionStatusTypeDef

_UNDER_WAY = ("QUEUED", "RUNNING")
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class AthenaWorkgroup:
    """Asks queries of one row.

    Attributes:
        athena: client of the account and region.
        name: the workgroup; it says where results are kept.
        database: database of the Glue Data Catalog that names without one lie in.
        wait_seconds: how long one query may take.
    """

    athena: AthenaClient
    name: str
    database: str
    wait_seconds: float = 600.0

    def first_row(self, sql: str) -> list[str | None]:
        """Return the values of the first row of an answer, as text.

        Raises:
            DataHubError: Athena refuses the query, or has not answered in time.
        """
        try:
            query = self.athena.start_query_execution(
                QueryString=sql, QueryExecutionContext={"Database": self.database}, WorkGroup=self.name
            )["QueryExecutionId"]
            self._wait_for(query)
            rows = self.athena.get_query_results(QueryExecutionId=query, MaxResults=2)["ResultSet"]["Rows"]
        except ClientError as error:
            raise DataHubError(f"Athena refuses the query in workgroup {self.name}: {error}") from error
        # https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html: the names come first
        return [value.get("VarCharValue") for value in rows[1]["Data"]]

    def _wait_for(self, query: str) -> None:
        deadline, pause = time.monotonic() + self.wait_seconds, _FIRST_PAUSE
        while (status := self._status(query))["State"] in _UNDER_WAY:
            if time.monotonic() >= deadline:
                self.athena.stop_query_execution(QueryExecutionId=query)
                raise DataHubError(
                    f"Athena has not answered query {query} after {self.wait_seconds:.0f} seconds, it was stopped"
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", "no reason given")
            raise DataHubError(f"Athena's query {query} {status['State']}: {reason}")

    def _status(self, query: str) -> QueryExecutionStatusTypeDef:
        return self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
