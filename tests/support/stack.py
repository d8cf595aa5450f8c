"""Everything that Terraform makes, on a local AWS, with a pipeline that Glue or Airflow drives."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import iam_policies
from collections_pipeline import HEADER_V1, row_v1
from terraform_copy import Terraform

from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines.pipeline_file import load
from hub_cli.dag_run import DagRunEnd, TaskEvent, run_dag
from local_aws.athena import Athena
from local_aws.environment import REGION
from local_aws.process import LocalAws

PIPELINE = "collections"
INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"
LAMBDA = "trigger-glue-job-lambda"
AIRFLOW_ROLE = "airflow"
SECONDS = 60.0
LOOK_SECONDS = 0.2
# Minutes of timeouts, windows and visibility last one second.
MINUTE_SECONDS = 1.0

T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
    """Return the first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(LOOK_SECONDS)
    return answer


@dataclass(frozen=True)
class Stack:
    """What one apply made.

    Attributes:
        aws: the local AWS.
        terraform: the configuration in a folder of its own; its ``dags/`` are Airflow's too.
        record: file of all calls with the role that made them.
        outputs: the configuration's outputs.
        granted: role to what it was allowed while that mattered; Airflow's rights follow the orchestrator.
    """

    aws: LocalAws
    terraform: Terraform
    record: Path
    outputs: dict[str, Any]
    granted: dict[str, list[iam_policies.Statement]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def applied(cls, directory: Path) -> "Iterator[Stack]":
        """Apply everything to a local AWS of its own, with Glue as the orchestrator."""
        record = directory / "calls.jsonl"
        with LocalAws.start(directory / "aws", minute_seconds=MINUTE_SECONDS, record=record) as aws:
            terraform = Terraform.copy_to(directory / "copy", aws)
            aws.client("iam").create_role(RoleName=AIRFLOW_ROLE, AssumeRolePolicyDocument="{}")
            _write_orchestrator(terraform, "glue")
            terraform.apply({"force_destroy": True, "airflow_role_name": AIRFLOW_ROLE})
            yield cls(aws, terraform, record, terraform.output())

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead another process to the local AWS."""
        return self.aws.environment

    @property
    def bucket(self) -> str:
        """Name of the bucket that files arrive in."""
        return str(self.outputs["pipelines"][PIPELINE]["bucket"])

    @property
    def database(self) -> str:
        """Name of the database."""
        return str(self.outputs["database"])

    def client(self, service: Any) -> Any:
        """Return a boto3 client."""
        return self.aws.client(service)

    def client_of(self, role: str, service: str) -> Any:
        """Return a boto3 client that calls as a role."""
        return boto3.client(
            service, REGION, endpoint_url=self.aws.endpoint, aws_access_key_id=role, aws_secret_access_key=role
        )

    def switch(self, orchestrator: str) -> None:
        """Change who reacts to arrivals: one word in the pipeline file, one apply."""
        _write_orchestrator(self.terraform, orchestrator)
        self.terraform.apply()
        if orchestrator == "airflow":
            self.granted[AIRFLOW_ROLE] = self.statements(AIRFLOW_ROLE)

    def put(self, name: str, rows: Sequence[bytes] | None = None, content: bytes | None = None) -> str:
        """Let a file arrive; return its key."""
        key = f"collections-data/ingest_ts=1770609249/{name}"
        body = content if content is not None else HEADER_V1 + b"".join(rows or [row_v1()])
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return key to latest entry; empty before the first run."""
        catalog = open_catalog()
        table = load(self.pipeline_file).table
        if not catalog.table_exists((self.database, table.ledger_name)):
            return {}
        return dict(Ledger.open(catalog, self.database, table).entries())

    @property
    def pipeline_file(self) -> Path:
        """The deployed pipeline file."""
        return _pipeline_file(self.terraform)

    def await_ingested(self, *keys: str) -> None:
        """Wait until the ledger has files and nothing runs any more."""
        eventually(lambda: set(keys) <= self.ledger().keys(), f"{', '.join(keys)} in the ledger")
        self.await_idle()

    def await_idle(self) -> None:
        """Wait until no message waits, no Lambda works and no job runs."""
        eventually(self._is_idle, "the queue to be empty and all runs to have ended")

    def _is_idle(self) -> bool:
        return not self.messages() and all(run["Status"] != "RUNNING" for run in self.workflow_runs())

    def messages(self, queue: str = "queue_url") -> int:
        """Return how many messages wait or are being worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.outputs["pipelines"][PIPELINE][queue]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def workflow_runs(self) -> list[dict[str, Any]]:
        """Return the runs of the workflow, the oldest first."""
        runs = self.client("glue").get_workflow_runs(Name=PIPELINE)["Runs"]
        return sorted(runs, key=lambda run: run["StartedOn"])

    def job_runs(self, job: str = INGESTION) -> list[dict[str, Any]]:
        """Return the runs of a job, the oldest first."""
        runs = self.client("glue").get_job_runs(JobName=job)["JobRuns"]
        return sorted(runs, key=lambda run: run["StartedOn"])

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask tables and views in Athena's SQL."""
        rows = Athena(open_catalog(), self.client("glue"), self.database).query(sql).to_pylist()
        return [dict(row) for row in rows]

    def run_dag(self, directory: Path) -> tuple[list[TaskEvent], DagRunEnd]:
        """Run the DAG once, as the role of Airflow."""
        dag = self.terraform.root / "dags" / f"{PIPELINE}.py"
        environment = self.environment | {"AWS_ACCESS_KEY_ID": AIRFLOW_ROLE}
        *tasks, end = run_dag(dag, environment, directory / "home", directory / "run.log")
        assert isinstance(end, DagRunEnd)
        return [task for task in tasks if isinstance(task, TaskEvent) and task.ended], end

    def log_lines(self, group: str) -> list[str]:
        """Return all lines of a log group."""
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def embedded_metrics(self, *groups: str) -> Iterator[dict[str, Any]]:
        """Yield the lines in embedded metric format of log groups."""
        for group in groups:
            for line in self.log_lines(group):
                if line.startswith("{") and "_aws" in (found := json.loads(line)):
                    yield found

    def statements(self, role: str) -> list[iam_policies.Statement]:
        """Return what a role may do."""
        return iam_policies.role_statements(self.client("iam"), role)


def _pipeline_file(terraform: Terraform) -> Path:
    return terraform.root / "dags" / "pipelines" / f"{PIPELINE}.yaml"


def _write_orchestrator(terraform: Terraform, orchestrator: str) -> None:
    file = _pipeline_file(terraform)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"orchestrator: {orchestrator}\n" if line.startswith("orchestrator:") else line for line in lines]
    file.write_text("".join(changed), encoding="utf-8")
