"""The table optimizers, against what botocore's model of Glue allows: the stub refuses any other request."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from collections_pipeline import HEADER_V1, row_v1
from job_arguments import arguments_of
from lake import Lake

from data_hub import job
from data_hub.errors import DataHubError
from data_hub.iceberg import table_optimizers
from data_hub.iceberg.catalog import open_catalog
from data_hub.iceberg.tables import Tables

ROLE = "arn:aws:iam::210987654321:role/data-hub-table-optimizer"
ACCOUNT = "210987654321"
TYPES = ("compaction", "retention", "orphan_file_deletion")


class Optimizers:
    """Glue's side of the optimizers of a lake."""

    def __init__(self, lake: Lake, glue: Any) -> None:
        self.stub = Stubber(glue)
        self.lake = lake
        self.tables = [f"{lake.pipeline.table.name}{suffix}" for suffix in ("", "_rejects", "_ledger")]
        self.all = [(table, kind) for table in self.tables for kind in TYPES]

    def expect_look(self, *missing: tuple[str, str]) -> None:
        """Expect one look at all of them, and answer that some are missing."""
        entries = [self._entry(*optimizer) for optimizer in self.all]
        answer = {
            "TableOptimizers": [
                {k: v for k, v in self._entry(*found).items() if k != "type"} | {"tableOptimizer": {"type": found[1]}}
                for found in self.all
                if found not in missing
            ],
            "Failures": [
                self._entry(*found) | {"error": {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "none"}}
                for found in missing
            ],
        }
        self.stub.add_response("batch_get_table_optimizer", answer, {"Entries": entries})

    def expect_creation(self, table: str, kind: str, error: str = "") -> None:
        if error:
            self.stub.add_client_error("create_table_optimizer", error, "said Glue", http_status_code=400)
            return
        self.stub.add_response(
            "create_table_optimizer",
            {},
            {
                "CatalogId": ACCOUNT,
                "DatabaseName": self.lake.deployment.database,
                "TableName": table,
                "Type": kind,
                "TableOptimizerConfiguration": self.configuration(table, kind),
            },
        )

    def configuration(self, table: str, kind: str) -> dict[str, Any]:
        place = f"{self.lake.deployment.warehouse}{self.lake.deployment.database}.db/{table}/data/"
        settings: dict[str, dict[str, Any]] = {
            "compaction": {
                "compactionConfiguration": {
                    "icebergConfiguration": {"strategy": "binpack", "minInputFiles": 100, "deleteFileThreshold": 1}
                }
            },
            "retention": {
                "retentionConfiguration": {
                    "icebergConfiguration": {
                        "snapshotRetentionPeriodInDays": 7,
                        "numberOfSnapshotsToRetain": 100,
                        "cleanExpiredFiles": True,
                        "runRateInHours": 24,
                    }
                }
            },
            "orphan_file_deletion": {
                "orphanFileDeletionConfiguration": {
                    "icebergConfiguration": {
                        "orphanFileRetentionPeriodInDays": 8,
                        "location": place,
                        "runRateInHours": 24,
                    }
                }
            },
        }
        return {"roleArn": ROLE, "enabled": True, **settings[kind]}

    def _entry(self, table: str, kind: str) -> dict[str, str]:
        database = self.lake.deployment.database
        return {"catalogId": ACCOUNT, "databaseName": database, "tableName": table, "type": kind}


@pytest.fixture
def optimizers(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Optimizers]:
    """Glue's optimizers; whatever is expected of the job has to be asked for."""
    glue = boto3.client("glue")
    made = Optimizers(lake, glue)
    monkeypatch.setattr(table_optimizers, "boto3", SimpleNamespace(client=lambda _: glue))
    with made.stub:
        yield made
        made.stub.assert_no_pending_responses()


@pytest.fixture
def ensure(lake: Lake) -> Callable[[], list[str]]:
    """Return a function that ensures the optimizers and returns what it told."""
    tables = Tables.ensure(open_catalog(), lake.deployment, lake.pipeline.table)

    def ensured() -> list[str]:
        told: list[str] = []
        table_optimizers.ensure(tables, ROLE, told.append)
        return told

    return ensured


def test_new_tables_get_all_three(optimizers: Optimizers, ensure: Callable[[], list[str]]) -> None:
    optimizers.expect_look(*optimizers.all)
    for optimizer in optimizers.all:
        optimizers.expect_creation(*optimizer)
    told = ensure()
    assert told[0] == "collections_data_staging: table optimizer compaction created"
    assert len(told) == 9


def test_one_look_is_all_when_none_is_missing(optimizers: Optimizers, ensure: Callable[[], list[str]]) -> None:
    optimizers.expect_look()
    assert ensure() == []


def test_only_what_is_missing_is_created(optimizers: Optimizers, ensure: Callable[[], list[str]]) -> None:
    missing = (optimizers.tables[2], "retention")
    optimizers.expect_look(missing)
    optimizers.expect_creation(*missing)
    assert ensure() == ["collections_data_staging_ledger: table optimizer retention created"]


def test_one_that_another_run_has_created_meanwhile_is_fine(
    optimizers: Optimizers, ensure: Callable[[], list[str]]
) -> None:
    first, second = optimizers.all[:2]
    optimizers.expect_look(first, second)
    optimizers.expect_creation(*first, error="AlreadyExistsException")
    optimizers.expect_creation(*second)
    assert ensure() == ["collections_data_staging: table optimizer retention created"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidInputException", "ValidationException"])
def test_a_refusal_says_what_to_do(optimizers: Optimizers, ensure: Callable[[], list[str]], code: str) -> None:
    optimizers.expect_look(optimizers.all[0])
    optimizers.expect_creation(*optimizers.all[0], error=code)
    with pytest.raises(DataHubError, match=f"All rows are ingested, but AWS refuses.*{code}.*iam:PassRole on {ROLE}"):
        ensure()


def test_a_look_that_is_refused_says_so_too(optimizers: Optimizers, ensure: Callable[[], list[str]]) -> None:
    optimizers.stub.add_client_error("batch_get_table_optimizer", "AccessDeniedException", "no", http_status_code=400)
    with pytest.raises(DataHubError, match="needs glue:BatchGetTableOptimizer"):
        ensure()


@pytest.mark.parametrize("code", ["InternalServiceException", "ThrottlingException"])
def test_what_may_go_through_another_time_fails_no_run(
    optimizers: Optimizers, ensure: Callable[[], list[str]], code: str
) -> None:
    optimizers.stub.add_client_error("batch_get_table_optimizer", code, http_status_code=400)
    (line,) = ensure()
    assert line.startswith("The table optimizers are left to the next run: ")
    assert code in line
    optimizers.expect_look(optimizers.all[0])
    optimizers.expect_creation(*optimizers.all[0], error=code)
    assert code in ensure()[0]


@pytest.mark.parametrize("role", ["data-hub-table-optimizer", "arn:aws:iam:::role/x", "a:b:c:d:e:f"])
def test_a_role_that_is_no_arn_is_named(lake: Lake, role: str) -> None:
    tables = Tables.ensure(open_catalog(), lake.deployment, lake.pipeline.table)
    with pytest.raises(DataHubError, match=f"--table_optimizer_role '{role}' is no ARN of a role"):
        table_optimizers.ensure(tables, role, print)


def test_a_job_that_is_refused_has_ingested_first_and_fails(
    lake: Lake, optimizers: Optimizers, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    optimizers.expect_look(optimizers.all[0])
    optimizers.expect_creation(*optimizers.all[0], error="AccessDeniedException")
    arguments = arguments_of(lake, monkeypatch)
    with pytest.raises(DataHubError, match="AWS refuses a table optimizer"):
        job.run_ingestion([*arguments, "--table_optimizer_role", ROLE])
    assert len(lake.rows()) == 1


def test_without_the_argument_nobody_asks_for_optimizers(
    lake: Lake, optimizers: Optimizers, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("a.csv", HEADER_V1 + row_v1())
    job.run_ingestion(arguments_of(lake, monkeypatch))
    assert len(lake.rows()) == 1
