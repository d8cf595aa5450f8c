"""What Terraform makes does what it is for: whole runs under both orchestrators, on a local AWS.

The tests share one stack and run in this order; each leaves Glue as the orchestrator and nothing under way.
"""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from collections_pipeline import row_v1
from stack import AIRFLOW_ROLE, INGESTION, LAMBDA, PIPELINE, VIEWS, Stack, eventually

from data_hub.ledgers.ledger_entry import INGESTED


def event_of(stack: Stack, key: str, *, timed: bool = True) -> bytes:
    """Return S3's event for a key, without a queue around it; one that people make by hand tells no time."""
    record: dict[str, Any] = {"s3": {"bucket": {"name": stack.bucket}, "object": {"key": quote_plus(key, safe="/")}}}
    if timed:
        arrived = stack.client("s3").head_object(Bucket=stack.bucket, Key=key)["LastModified"]
        record |= {"eventName": "ObjectCreated:Put", "eventTime": arrived.isoformat()}
    return json.dumps({"Records": [record]}).encode()


def invoke(stack: Stack, payload: bytes) -> dict[str, Any]:
    answer = stack.client("lambda").invoke(FunctionName=LAMBDA, Payload=payload)
    found = dict(json.loads(answer["Payload"].read()))
    return {"status": "refused"} if found.get("errorType") == "NotStartedError" else found


def values_in_the_view(stack: Stack, item: str) -> list[str]:
    rows = stack.query("SELECT item_mdrm, item_value FROM collections_data_view ORDER BY 2")
    return [row["item_value"] for row in rows if row["item_mdrm"] == item]


def decisions(stack: Stack, decision: str) -> list[dict[str, Any]]:
    """Return what the Lambda function logged about decisions of a kind."""
    lines = [json.loads(line) for line in stack.log_lines(f"/aws/lambda/{LAMBDA}") if line.startswith("{")]
    return [line for line in lines if line.get("decision") == decision]


def test_a_second_plan_is_empty(stack: Stack) -> None:
    assert stack.terraform.plan() == []


def test_a_file_goes_through_to_the_views(stack: Stack) -> None:
    key = stack.put("first.csv", [row_v1("GLUE0001", "1"), row_v1("GLUE0001", "2")])
    stack.await_ingested(key)
    entry = stack.ledger()[key]
    assert (entry.status, entry.rows_read, entry.rows_ingested, entry.rows_rejected) == (INGESTED, 2, 2, 0)
    assert values_in_the_view(stack, "GLUE0001") == ["1", "2"]
    run = stack.workflow_runs()[-1]
    assert (run["Status"], run["Statistics"]["SucceededActions"], run["Statistics"]["TotalActions"]) == (
        "COMPLETED",
        2,
        2,
    )
    ingestion, views = stack.job_runs()[-1], stack.job_runs(VIEWS)[-1]
    assert (ingestion["TriggerName"], views["TriggerName"]) == ("collections-arrival", "dual-engine-views-trigger")
    assert views["StartedOn"] >= ingestion["CompletedOn"]


def test_the_table_optimizers_are_set_up(stack: Stack) -> None:
    table = {"CatalogId": "123456789012", "DatabaseName": stack.database, "TableName": "collections_data_staging"}
    for kind in ("compaction", "retention", "orphan_file_deletion"):
        optimizer = stack.client("glue").get_table_optimizer(**table, Type=kind)["TableOptimizer"]
        assert optimizer["configuration"]["roleArn"].endswith("role/data-hub-table-optimizer")


def test_a_burst_starts_a_handful_of_runs(stack: Stack) -> None:
    before = len(stack.workflow_runs())
    keys = [stack.put(f"burst-{number}.csv", [row_v1("BURST001", str(number))]) for number in range(100)]
    stack.await_ingested(*keys)
    assert len(values_in_the_view(stack, "BURST001")) == 100
    assert 1 <= len(stack.workflow_runs()) - before <= 5


def test_the_same_event_twice_starts_nothing_twice(stack: Stack) -> None:
    key = stack.put("twice.csv", [row_v1("TWICE001")])
    stack.await_ingested(key)
    before = len(stack.workflow_runs())
    url = stack.outputs["pipelines"][PIPELINE]["queue_url"]
    for _ in range(2):
        stack.client("sqs").send_message(QueueUrl=url, MessageBody=event_of(stack, key).decode())
    stack.await_idle()
    decisions = [
        json.loads(line) for line in stack.log_lines(f"/aws/lambda/{LAMBDA}") if '"decision": "ignored"' in line
    ]
    assert any(key in decision["first_object"] for decision in decisions)
    assert len(stack.workflow_runs()) == before
    assert values_in_the_view(stack, "TWICE001") == ["1"]


def test_an_event_made_by_hand_starts_a_run_that_finds_nothing_new(stack: Stack) -> None:
    key = stack.put("byhand.csv", [row_v1("BYHAND01")])
    stack.await_ingested(key)
    eventually(lambda: invoke(stack, event_of(stack, key, timed=False))["status"] == "started", "a free slot")
    stack.await_idle()
    assert values_in_the_view(stack, "BYHAND01") == ["1"]
    assert stack.ledger()[key].rows_ingested == 1


def test_a_refused_start_is_repeated(stack: Stack) -> None:
    """Somebody runs the job by hand: its slot is taken when the file arrives."""
    held = hold_ingestion(stack)
    before = len(stack.workflow_runs())
    refused = len(decisions(stack, "refused"))
    key = stack.put("refused.csv", [row_v1("REFUSED1")])
    eventually(lambda: len(decisions(stack, "refused")) > refused, "a refusal")
    assert len(stack.workflow_runs()) == before
    assert stack.messages() == 1
    held()
    stack.await_ingested(key)
    assert values_in_the_view(stack, "REFUSED1") == ["1"]
    assert stack.messages("dead_letter_queue_url") == 0


def hold_ingestion(stack: Stack) -> Any:
    """Take the ingestion's only slot by a run that waits; return what ends it."""
    glue = stack.client("glue")
    script = glue.get_job(JobName=INGESTION)["Job"]["Command"]["ScriptLocation"]
    bucket, _, key = script.removeprefix("s3://").partition("/")
    s3 = stack.client("s3")
    real = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=b"import time\ntime.sleep(600)\n")
    run = glue.start_job_run(JobName=INGESTION)["JobRunId"]
    eventually(lambda: stack.job_runs()[-1]["JobRunState"] == "RUNNING", "the held run")
    s3.put_object(Bucket=bucket, Key=key, Body=real)
    return lambda: glue.batch_stop_job_run(JobName=INGESTION, JobRunIds=[run])


def test_a_bare_start_fires_no_dependents(stack: Stack) -> None:
    before = len(stack.job_runs(VIEWS))
    run = stack.client("glue").start_job_run(JobName=INGESTION)["JobRunId"]
    eventually(
        lambda: stack.client("glue").get_job_run(JobName=INGESTION, RunId=run)["JobRun"]["JobRunState"] == "SUCCEEDED",
        "the bare run",
    )
    # A whole run of the workflow later the views job has run once: below the workflow, not below the bare run.
    stack.client("glue").start_workflow_run(Name=PIPELINE)
    stack.await_idle()
    assert len(stack.job_runs(VIEWS)) == before + 1


def test_the_catch_up_ingests_what_no_event_announced(stack: Stack) -> None:
    """The schedule's target is called as EventBridge Scheduler would call it."""
    notification = stack.client("s3").get_bucket_notification_configuration(Bucket=stack.bucket)
    notification.pop("ResponseMetadata")
    stack.client("s3").put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
    key = stack.put("unannounced.csv", [row_v1("UNHEARD1")])
    stack.client("s3").put_bucket_notification_configuration(
        Bucket=stack.bucket, NotificationConfiguration=notification
    )
    schedule = stack.client("scheduler").get_schedule(Name=f"data-hub-{PIPELINE}-catch-up")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "cron(0 * * * ? *)")
    assert schedule["Target"]["Arn"].endswith(":aws-sdk:glue:startWorkflowRun")
    role = schedule["Target"]["RoleArn"].rpartition("/")[2]
    stack.client_of(role, "glue").start_workflow_run(**json.loads(schedule["Target"]["Input"]))
    stack.await_ingested(key)
    assert values_in_the_view(stack, "UNHEARD1") == ["1"]


def test_files_that_land_during_the_switches_are_ingested(stack: Stack, tmp_path: Path) -> None:
    """From Glue to Airflow and back, with files arriving all the time."""
    ended = threading.Event()
    keys: list[str] = []

    def keep_putting() -> None:
        while not ended.wait(1.0):
            keys.append(stack.put(f"switch-{len(keys)}.csv", [row_v1("SWITCH01", str(len(keys)))]))

    arriving = threading.Thread(target=keep_putting)
    arriving.start()
    try:
        stack.switch("airflow")
        runs = len(stack.workflow_runs())
        tasks, end = stack.run_dag(tmp_path)
        assert end.state == "success", (end, tasks)
    finally:
        ended.set()
        arriving.join()
    jobs = [task.job for task in tasks if task.job]
    assert jobs == [INGESTION, VIEWS]
    late = stack.put("after.csv", [row_v1("SWITCH01", "after")])
    # Who reacts is Airflow alone: the message waits, and no workflow run starts.
    mappings = stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Disabled"}
    assert stack.messages() >= 1
    assert all(run["Status"] != "RUNNING" for run in stack.workflow_runs()[runs:])
    assert stack.client("scheduler").get_schedule(Name=f"data-hub-{PIPELINE}-catch-up")["State"] == "DISABLED"
    assert late not in stack.ledger()
    stack.switch("glue")
    stack.await_ingested(*keys, late)
    assert len(values_in_the_view(stack, "SWITCH01")) == len(keys) + 1


def test_airflow_may_start_jobs_only_while_it_is_the_orchestrator(stack: Stack) -> None:
    actions = {action for statement in stack.statements(AIRFLOW_ROLE) for action in statement.actions}
    assert "glue:StartJobRun" not in actions
    assert "glue:GetJobRuns" in actions


def test_the_hand_made_event_of_another_prefix_is_ignored(stack: Stack) -> None:
    before = len(stack.workflow_runs())
    payload = b'{"Records":[{"s3":{"bucket":{"name":"test"},"object":{"key":"test.csv"}}}]}'
    assert invoke(stack, payload)["status"] == "ignored"
    assert len(stack.workflow_runs()) == before
