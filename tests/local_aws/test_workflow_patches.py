"""Why moto's workflows, Glue triggers and tables are patched: the same calls without the patches and with them.

A ``vanilla`` case that fails says that moto has learnt it: drop the patch.
"""

import json
from typing import Any

from moto_trials import JOB, HeldJobRunner, answer, answers_of_two_at_once, client, outcomes

CONFIGURATION = {"roleArn": "arn:aws:iam::123456789012:role/optimizer", "enabled": True}
OPTIMIZER = {"CatalogId": "123456789012", "DatabaseName": "hub", "TableName": "t", "Type": "compaction"}


def create_workflow(glue: Any, **workflow: Any) -> None:
    glue.create_job(Name="trial", **JOB)
    glue.create_workflow(Name="flow", **workflow)
    glue.create_trigger(Name="arrival", WorkflowName="flow", Type="ON_DEMAND", Actions=[{"JobName": "trial"}])


def create_optimizer(glue: Any) -> None:
    glue.create_database(DatabaseInput={"Name": "hub"})
    glue.create_table(DatabaseName="hub", TableInput={"Name": "t"})
    answer(glue.create_table_optimizer, **OPTIMIZER, TableOptimizerConfiguration=CONFIGURATION)


@outcomes(vanilla=[], patched=["arrival"])
def test_a_workflow_run_starts_jobs(glue: Any, outcome: list[str]) -> None:
    create_workflow(glue)
    glue.start_workflow_run(Name="flow")
    assert [run["TriggerName"] for run in glue.get_job_runs(JobName="trial")["JobRuns"]] == outcome


@outcomes(vanilla="RUNNING", patched="COMPLETED")
def test_a_workflow_run_ends(glue: Any, outcome: str, held: HeldJobRunner) -> None:
    create_workflow(glue)
    run_id = glue.start_workflow_run(Name="flow")["RunId"]
    assert glue.get_workflow_run(Name="flow", RunId=run_id)["Run"]["Status"] == "RUNNING"
    held.end("SUCCEEDED")
    assert glue.get_workflow_run(Name="flow", RunId=run_id)["Run"]["Status"] == outcome


@outcomes(vanilla=["ok", "ok"], patched=["ConcurrentRunsExceededException", "ok"])
def test_a_workflow_has_no_more_runs_than_it_may(glue: Any, outcome: list[str]) -> None:
    create_workflow(glue, MaxConcurrentRuns=1)
    assert answers_of_two_at_once(glue.start_workflow_run, Name="flow") == outcome


@outcomes(vanilla="KeyError", patched="3 runs")
def test_workflow_runs_come_in_pages(glue: Any, outcome: str) -> None:
    create_workflow(glue)
    started = [glue.start_workflow_run(Name="flow")["RunId"] for _ in range(3)]
    pages = glue.get_paginator("get_workflow_runs").paginate(Name="flow", PaginationConfig={"PageSize": 2})
    try:
        found = [run["WorkflowRunId"] for page in pages for run in page["Runs"]]
    except KeyError:
        assert outcome == "KeyError"
    else:
        assert (found, outcome) == (started, "3 runs")


@outcomes(vanilla=("ACTIVATED", 0), patched=("CREATED", 1))
def test_an_on_demand_glue_trigger_fires_when_it_is_started(glue: Any, outcome: tuple[str, int]) -> None:
    create_workflow(glue)
    glue.start_trigger(Name="arrival")
    state = glue.get_trigger(Name="arrival")["Trigger"]["State"]
    assert (state, len(glue.get_workflow_runs(Name="flow")["Runs"])) == outcome


@outcomes(vanilla="NotImplementedError", patched="ok")
def test_a_glue_trigger_can_be_updated(glue: Any, outcome: str) -> None:
    create_workflow(glue)
    update = {"Description": "new", "Actions": [{"JobName": "another"}]}
    assert answer(glue.update_trigger, Name="arrival", TriggerUpdate=update) == outcome
    if outcome == "ok":
        changed = glue.get_trigger(Name="arrival")["Trigger"]
        expected = {"Name": "arrival", "Type": "ON_DEMAND", "State": "CREATED", "WorkflowName": "flow", **update}
        assert changed == expected


@outcomes(vanilla=[], patched=["FAILED"])
def test_the_end_of_a_job_run_is_an_event(glue: Any, outcome: list[str], held: HeldJobRunner) -> None:
    events, logs = client("events"), client("logs")
    logs.create_log_group(logGroupName="job-states")
    pattern = {"source": ["aws.glue"], "detail-type": ["Glue Job State Change"]}
    events.put_rule(Name="job-states", EventPattern=json.dumps(pattern))
    group = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    events.put_targets(Rule="job-states", Targets=[{"Id": "log", "Arn": group}])
    glue.create_job(Name="trial", **JOB)
    glue.start_job_run(JobName="trial")
    held.end("FAILED")
    logged = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName="job-states")["events"]]
    assert [event["detail"]["state"] for event in logged] == outcome


@outcomes(vanilla="NotImplementedError", patched="AlreadyExistsException")
def test_a_table_optimizer_is_created_once(glue: Any, outcome: str) -> None:
    create_optimizer(glue)
    assert answer(glue.create_table_optimizer, **OPTIMIZER, TableOptimizerConfiguration=CONFIGURATION) == outcome


@outcomes(vanilla="NotImplementedError", patched="EntityNotFoundException")
def test_a_table_optimizer_can_be_read(glue: Any, outcome: str) -> None:
    create_optimizer(glue)
    assert answer(glue.get_table_optimizer, **OPTIMIZER | {"Type": "retention"}) == outcome
    if outcome == "EntityNotFoundException":
        found = glue.get_table_optimizer(**OPTIMIZER)["TableOptimizer"]
        assert (found["type"], found["configuration"]) == ("compaction", CONFIGURATION)


@outcomes(vanilla="NotImplementedError", patched="ok")
def test_several_table_optimizers_can_be_read_at_once(glue: Any, outcome: str) -> None:
    create_optimizer(glue)
    names = {"catalogId": "123456789012", "databaseName": "hub"}
    there = {**names, "tableName": "t", "type": "compaction"}
    entries = [there, there | {"type": "retention"}, there | {"tableName": "nowhere"}]
    assert answer(glue.batch_get_table_optimizer, Entries=entries) == outcome
    if outcome == "ok":
        found = glue.batch_get_table_optimizer(Entries=entries)
        assert [entry["tableOptimizer"]["type"] for entry in found["TableOptimizers"]] == ["compaction"]
        assert [entry["error"]["ErrorCode"] for entry in found["Failures"]] == ["EntityNotFoundException"] * 2
