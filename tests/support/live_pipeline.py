"""A pipeline under a real Airflow and a local AWS, asked and driven as a user does."""

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from collections_pipeline import HEADER_V1, row_v1
from hub_up import HubUp

from data_hub.iceberg.catalog import open_catalog
from data_hub.ledgers.ledger import Ledger
from data_hub.ledgers.ledger_entry import LedgerEntry
from data_hub.pipelines import graph, pipeline_file
from data_hub.pipelines.pipeline import Pipeline
from hub_cli.airflow_api import AirflowApi, NoAnswer, Refused, quoted
from local_aws.deploy import DATABASE

ENDED = {"success", "failed"}
SECONDS = 120.0
LOOK_SECONDS = 0.4

T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str) -> T:
    """Return the first answer that is true; an API server that starts again or is busy gives none."""
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(NoAnswer):
            if answer := condition():
                return answer
        assert time.monotonic() < deadline, f"waited {SECONDS:.0f} s in vain for {what}"
        time.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class LivePipeline:
    """One pipeline of a running ``hub up``.

    Attributes:
        up: the running ``hub up``.
        name: the pipeline's name.
        before: DAG runs and Glue runs that were there before the test.
    """

    up: HubUp
    name: str
    before: set[str] = field(default_factory=set)

    @cached_property
    def api(self) -> AirflowApi:
        """Airflow's REST API."""
        return self.up.api

    @cached_property
    def s3(self) -> Any:
        """Client of the local AWS."""
        return self.up.aws.client("s3")

    @cached_property
    def glue(self) -> Any:
        """Client of the local AWS."""
        return self.up.aws.client("glue")

    @cached_property
    def pipeline(self) -> Pipeline:
        """Its pipeline file."""
        return pipeline_file.load(self.up.checkout.path / "dags" / "pipelines" / f"{self.name}.yaml")

    @property
    def ingestion(self) -> str:
        """Name of the job, and of the task, that ingests."""
        return graph.start_jobs(self.pipeline)[0]

    @property
    def views(self) -> str:
        """Name of the job, and of the task, that makes the views."""
        return next(job for job in self.pipeline.jobs if job != self.ingestion)

    def begin(self) -> "LivePipeline":
        """Wait until nothing goes on, and count runs from here."""
        eventually(self._is_idle, f"{self.name} to be idle")
        eventually(lambda: self.name != "collections" or self._all_runs(), "the catch-up after the start")
        self.before.clear()
        self.before.update(run["dag_run_id"] for run in self._all_runs())
        self.before.update(run["Id"] for job in self.pipeline.jobs for run in self._all_glue_runs(job))
        return self

    def put(self, name: str, rows: int = 1, *, content: bytes | None = None, **arguments: Any) -> str:
        """Put a file with some good rows into the source bucket; return its key."""
        key = f"{self.pipeline.source.prefix}ingest_ts=1/{name}"
        body = content if content is not None else file_of(rows)
        bucket = self.pipeline.source.bucket
        self.s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)
        return key

    def delete(self, key: str) -> None:
        """Delete an object of the source bucket."""
        self.s3.delete_object(Bucket=self.pipeline.source.bucket, Key=key)

    def runs(self) -> list[dict[str, Any]]:
        """Return the DAG runs of this test, the oldest first."""
        return [run for run in self._all_runs() if run["dag_run_id"] not in self.before]

    def glue_runs(self, job: str | None = None) -> list[dict[str, Any]]:
        """Return the Glue runs of this test of a job, of the ingestion by default; the oldest first."""
        return [run for run in self._all_glue_runs(job or self.ingestion) if run["Id"] not in self.before]

    def glue_states(self, job: str | None = None) -> list[str]:
        """Return the states of the Glue runs of this test."""
        return [run["JobRunState"] for run in self.glue_runs(job)]

    def await_glue_run(self, number: int = 1, state: str = "RUNNING") -> str:
        """Wait for the n-th Glue run of the ingestion to reach a state; return its id."""
        eventually(lambda: self.glue_states()[number - 1 : number] == [state], f"Glue run {number} {state}")
        return str(self.glue_runs()[number - 1]["Id"])

    def await_run(self, number: int = 1) -> str:
        """Wait for the n-th DAG run of this test to begin; return its id."""
        eventually(lambda: len(self.runs()) >= number, f"DAG run {number} of {self.name}")
        return str(self.runs()[number - 1]["dag_run_id"])

    def await_end(self, run_id: str | None = None) -> str:
        """Wait until a DAG run, the first one of this test by default, has ended; return its state."""
        run_id = run_id or self.await_run()
        eventually(lambda: self.up.run_state(run_id, self.name) in ENDED, f"the end of {run_id}")
        return self.up.run_state(run_id, self.name)

    def await_task(self, run_id: str, task: str, *states: str) -> str:
        """Wait until a task is in one of some states; return it."""
        eventually(lambda: self.task(run_id, task)["state"] in states, f"{task} to be {' or '.join(states)}")
        return str(self.task(run_id, task)["state"])

    def await_ledger(self, keys: Collection[str]) -> dict[str, LedgerEntry]:
        """Wait until the ledger has an entry for each key; return the latest ones."""
        eventually(lambda: set(keys) <= self.ledger().keys(), "the ledger")
        return {key: entry for key, entry in self.ledger().items() if key in keys}

    def trigger(self, **conf: Any) -> str:
        """Start a DAG run by hand; return its id."""
        return self.up.trigger(self.name, conf)

    def task(self, run_id: str, task: str) -> dict[str, Any]:
        """Return a task instance."""
        answer: dict[str, Any] = self.api.get(self._task_path(run_id, task))
        return answer

    def task_states(self, run_id: str) -> dict[str, str]:
        """Return task id to state."""
        return self.up.task_states(run_id, self.name)

    def xcom(self, run_id: str, task: str, key: str) -> Any:
        """Return what a task left behind."""
        return self.api.get(f"{self._task_path(run_id, task)}/xcomEntries/{key}")["value"]

    def log(self, run_id: str, task: str, attempt: int = 1) -> list[str]:
        """Return the lines of a task's log."""
        answer = self.api.get(f"{self._task_path(run_id, task)}/logs/{attempt}")
        return [line if isinstance(line, str) else str(line.get("event", "")) for line in answer["content"]]

    def error_text(self, run_id: str, task: str) -> str:
        """Return the log of a task's last try, with the details of its errors."""
        number = self.task(run_id, task)["try_number"]
        return str(self.api.get(f"{self._task_path(run_id, task)}/logs/{number}")["content"])

    def clear(self, run_id: str, task: str) -> None:
        """Clear a task, as the button in the grid does."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task], "only_failed": False}
        self.api.post(f"dags/{self.name}/clearTaskInstances", body | {"include_downstream": True})

    def mark(self, run_id: str, task: str, state: str) -> None:
        """Mark a task failed or successful, as the button in the grid does."""
        self.api.patch(self._task_path(run_id, task), {"new_state": state})

    def ledger(self) -> dict[str, LedgerEntry]:
        """Return the latest ledger entry of each key."""
        return dict(Ledger.open(open_catalog(), DATABASE, self.pipeline.table).entries())

    def records(self, key: str) -> list[Mapping[str, Any]]:
        """Return every ledger record of a key, in the order in which they were written."""
        table = open_catalog().load_table((DATABASE, self.pipeline.table.ledger_name))
        found = [record for record in table.scan().to_arrow().to_pylist() if record["key"] == key]
        return sorted(found, key=lambda record: record["recorded_at"])

    def rows(self) -> list[str]:
        """Return the source file of each row of the table."""
        table = open_catalog().load_table((DATABASE, self.pipeline.table.name))
        files: list[str] = table.scan(selected_fields=("source_file",)).to_arrow()["source_file"].to_pylist()
        return files

    def _task_path(self, run_id: str, task: str) -> str:
        return f"dags/{self.name}/dagRuns/{quoted(run_id)}/taskInstances/{task}"

    def _all_runs(self) -> list[dict[str, Any]]:
        answer = self.api.get(f"dags/{self.name}/dagRuns", order_by="id", limit=1000)
        runs: list[dict[str, Any]] = answer["dag_runs"]
        return runs

    def _all_glue_runs(self, job: str) -> list[dict[str, Any]]:
        runs: list[Any] = self.glue.get_job_runs(JobName=job)["JobRuns"]
        return sorted(runs, key=lambda run: run["StartedOn"])

    def _is_idle(self) -> bool:
        active = any(run["state"] not in ENDED for run in self._all_runs()) or self._is_announced()
        working = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
        return not active and not any(
            run["JobRunState"] in working for job in self.pipeline.jobs for run in self._all_glue_runs(job)
        )

    def _is_announced(self) -> bool:
        """Tell whether an arrival waits for the end of a run, to start one of its own."""
        try:
            return bool(self.api.get(f"dags/{self.name}/assets/queuedEvents")["total_entries"])
        except Refused as error:
            return error.status != 404


def file_of(rows: int, value: str = "1") -> bytes:
    """Return a file with some good rows."""
    return HEADER_V1 + b"".join(row_v1(f"BHCK{number:04}", value) for number in range(rows))
