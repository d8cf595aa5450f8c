"""Least privilege: what the roles may do against what runs under both orchestrators did."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import recorded_calls
from backfill_of_stack import has_run_backfill, run_backfill
from collections_pipeline import row_v1
from iam_policies import Permission, Statement, unused
from stack import AIRFLOW_ROLE, Stack

from local_aws.environment import ACCOUNT, REGION

# Roles that AWS takes on by itself; no call of theirs can be seen here.
TAKEN_ON_BY_AWS = {
    "data-hub-lake-formation": "Lake Formation reads and writes the warehouse for those it gave rights to",
    "data-hub-table-optimizer": "Glue compacts, expires snapshots and removes orphan files",
    "data-hub-view-definer": "the engines read the tables of a view with its rights",
}
BUCKETS = "arn:aws:s3:::data-hub"
WAREHOUSE = f"{BUCKETS}-warehouse-{ACCOUNT}"
LAKE = f"{WAREHOUSE}/data_hub.db"
CODE = f"{BUCKETS}-scripts-{ACCOUNT}"
RESULTS = f"{WAREHOUSE}/athena-results/*"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
HASH = "stands for the hash of the content, so that a deployment of code changes no policy"
FILES = "Iceberg names the files of a table by random ids"
STREAMS = "job runs and Lambda name their log streams"
# Every resource with a wildcard that a role of the stack may use -> why it has to be one.
WILDCARDS = {
    "*": "lakeformation:GetDataAccess knows no resource",
    f"{BUCKETS}-raw-{ACCOUNT}/collections-data/*": "whoever delivers names the objects, below the pipeline's prefix",
    f"arn:aws:glue:{REGION}:{ACCOUNT}:table/data_hub/*": "who lists views lists all tables; a view file names any",
    f"arn:aws:glue:{REGION}:{ACCOUNT}:table/data_hub/*_view": "view files come and go; series come with the data",
    f"{CODE}/glue_jobs/*/glue_csv_to_iceberg.py": HASH,
    f"{CODE}/glue_jobs/*/glue_create_views_dual_engine.py": HASH,
    f"{CODE}/library/*/data_hub.zip": HASH,
    f"{CODE}/library/*/requirements.txt": HASH,
    f"{CODE}/pipelines/*/collections.yaml": HASH,
    f"{CODE}/views/*/collections.json": HASH,
    f"{CODE}/lambda/*/pipelines.json": HASH,
    f"{LAKE}/collections_data_staging/*": FILES,
    f"{LAKE}/collections_data_staging/metadata/*": FILES,
    f"{LAKE}/collections_data_staging_ledger/*": FILES,
    f"{LAKE}/collections_data_staging_rejects/*": FILES,
    f"{LAKE}/*/metadata/*": "a view file names any table of the database, and its text is made for the table's columns",
    RESULTS: "Athena names results by the ids of queries",
    f"{LAKE}/*": "AWS's own optimizers and Lake Formation serve all tables of the database",
    f"{LOGS}/data-hub/jobs/output:*": STREAMS,
    f"{LOGS}/data-hub/jobs/error:*": STREAMS,
    f"{LOGS}/aws/lambda/trigger-glue-job-lambda:*": STREAMS,
    f"{LOGS}/aws/lambda/publish-backlog-lambda:*": STREAMS,
    f"{LOGS}/aws-glue/iceberg-compaction/logs:*": STREAMS,
    f"{LOGS}/aws-glue/iceberg-retention/logs:*": STREAMS,
    f"{LOGS}/aws-glue/iceberg-orphan-file-deletion/logs:*": STREAMS,
}

INGESTION = "data-hub-csv-to-iceberg-ingestion"
VIEWS = "data-hub-create-views-dual-engine"
LAMBDA = "data-hub-trigger-glue-job-lambda"
POLLER = "Lambda's own pollers take the messages with the function's role; the local one needs no call"
NO_STOP = "a task that is marked or cleared stops its job run: tests/airflow_live/test_kills.py"
NO_FAILURE = "no job run of these tests fails under Airflow"
NO_CONNECTION = "only with the Airflow connection data_hub_sns: tests/airflow_live/test_failures.py"
INSTALLED = "Glue installs the packages; here they are in the environment"
BY_ATHENA = "Athena does it with the rights of the job; the local one answers without"
# (role, statement, action or resource) that no recorded call needed -> why it is granted all the same.
NOT_SEEN: Mapping[tuple[str, str, str], str] = {
    (AIRFLOW_ROLE, "RunJobs", "glue:BatchStopJobRun"): NO_STOP,
    (AIRFLOW_ROLE, "JobLogs", f"{LOGS}/data-hub/jobs/error:*"): NO_FAILURE,
    (AIRFLOW_ROLE, "Notify", "sns:Publish"): NO_CONNECTION,
    (AIRFLOW_ROLE, "Notify", f"arn:aws:sns:{REGION}:{ACCOUNT}:data-hub-alarms"): NO_CONNECTION,
    (LAMBDA, "Arrivals", "sqs:DeleteMessage"): POLLER,
    (LAMBDA, "Arrivals", "sqs:GetQueueAttributes"): POLLER,
    (LAMBDA, "Arrivals", "sqs:ReceiveMessage"): POLLER,
    (LAMBDA, "Arrivals", f"arn:aws:sqs:{REGION}:{ACCOUNT}:data-hub-collections-arrivals"): POLLER,
    (INGESTION, "Code", f"{CODE}/library/*/requirements.txt"): INSTALLED,
    (VIEWS, "Code", f"{CODE}/library/*/requirements.txt"): INSTALLED,
    (INGESTION, "TableFiles", "s3:AbortMultipartUpload"): "an upload in parts that failed",
    (VIEWS, "Views", "glue:DeleteTable"): "what a refused CreateTable of a view leaves behind, and --prune",
    (VIEWS, "Queries", "athena:StopQueryExecution"): "a check that takes too long",
    (VIEWS, "Catalog", "glue:GetDatabase"): BY_ATHENA,
    (VIEWS, "QueryData", "lakeformation:GetDataAccess"): BY_ATHENA,
    (VIEWS, "QueryData", "*"): BY_ATHENA,
    (VIEWS, "QueryResults", "s3:AbortMultipartUpload"): BY_ATHENA,
    (VIEWS, "QueryResults", "s3:GetObject"): BY_ATHENA,
    (VIEWS, "QueryResults", "s3:ListMultipartUploadParts"): BY_ATHENA,
    (VIEWS, "QueryResults", "s3:PutObject"): BY_ATHENA,
    (VIEWS, "QueryResults", RESULTS): BY_ATHENA,
    (VIEWS, "QueryResultsBucket", "s3:GetBucketLocation"): BY_ATHENA,
    (VIEWS, "QueryResultsBucket", WAREHOUSE): BY_ATHENA,
    (VIEWS, "ListQueryResults", "s3:ListBucket"): BY_ATHENA,
    (VIEWS, "ListQueryResults", "s3:ListBucketMultipartUploads"): BY_ATHENA,
    (VIEWS, "ListQueryResults", WAREHOUSE): BY_ATHENA,
}
# Needed, but whether these runs came to it depends on how many commits they took.
SOMETIMES_SEEN: Mapping[tuple[str, str, str], str] = {
    (INGESTION, "TableFiles", "s3:DeleteObject"): "old metadata of a table after 20 commits, and files of a lost race",
}


@pytest.fixture
def used(stack: Stack, tmp_path: Path) -> dict[str, set[Permission]]:
    """What was needed by full runs; those that no earlier test made are made here."""
    if AIRFLOW_ROLE not in stack.granted:
        stack.await_ingested(stack.put("by-glue.csv", [row_v1("RIGHTS01")]))
        stack.await_ingested(stack.put("rejected.csv", [row_v1("RIGHTS02"), b"no,row\n"]))
        stack.switch("airflow")
        stack.put("by-airflow.csv", [row_v1("RIGHTS03")])
        stack.run_dag(tmp_path)
        stack.switch("glue")
        stack.await_idle()
    if not has_run_backfill(stack):
        run_backfill(stack)
    for name in ("data-hub-collections-catch-up", "data-hub-backlog"):
        call_target(stack, stack.client("scheduler").get_schedule(Name=name)["Target"])
    stack.await_idle()
    return recorded_calls.read(stack.record, granted(stack).keys())


def call_target(stack: Stack, target: Mapping[str, Any]) -> None:
    """Call the target of a schedule as EventBridge Scheduler does."""
    role = target["RoleArn"].rpartition("/")[2]
    if target["Arn"].endswith(":aws-sdk:glue:startWorkflowRun"):
        stack.client_of(role, "glue").start_workflow_run(**json.loads(target["Input"]))
    else:
        answer = stack.client_of(role, "lambda").invoke(FunctionName=target["Arn"], Payload=target.get("Input", "{}"))
        assert "FunctionError" not in answer


def own_roles(stack: Stack) -> list[str]:
    names = [role["RoleName"] for role in stack.client("iam").list_roles()["Roles"]]
    return [name for name in names if name.startswith("data-hub-")]


def granted(stack: Stack) -> dict[str, list[Statement]]:
    found = {role: stack.statements(role) for role in own_roles(stack) if role not in TAKEN_ON_BY_AWS}
    return found | stack.granted


def test_every_call_is_allowed(stack: Stack, used: dict[str, set[Permission]]) -> None:
    refused = [
        (role, permission)
        for role, statements in granted(stack).items()
        for permission in used.get(role, ())
        if not any(statement.allows(permission) for statement in statements)
    ]
    assert refused == []


def test_nothing_more_is_allowed_than_the_calls_needed(stack: Stack, used: dict[str, set[Permission]]) -> None:
    found = [entry for role, statements in granted(stack).items() for entry in unused(statements, used.get(role, ()))]
    assert sorted(set(found) - NOT_SEEN.keys() - SOMETIMES_SEEN.keys()) == []
    assert sorted(NOT_SEEN.keys() - set(found)) == [], "these are needed now: take them off the list"


def test_every_role_of_the_stack_has_been_seen(stack: Stack, used: dict[str, set[Permission]]) -> None:
    assert [role for role in granted(stack) if not used[role]] == []
    assert set(own_roles(stack)) >= TAKEN_ON_BY_AWS.keys()


def test_every_wildcard_has_its_reason(stack: Stack) -> None:
    statements = [found for role in own_roles(stack) for found in stack.statements(role)]
    statements += [found for granted_to_airflow in stack.granted.values() for found in granted_to_airflow]
    assert [(found.role, action) for found in statements for action in found.actions if "*" in action] == []
    wild = {resource for found in statements for resource in found.resources if "*" in resource}
    assert sorted(wild - WILDCARDS.keys()) == []
    assert sorted(WILDCARDS.keys() - wild) == [], "these are gone: take them off the list"
