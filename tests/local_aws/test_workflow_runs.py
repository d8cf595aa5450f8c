"""Workflow runs and Glue triggers as a boto3 user sees them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from job_trials import create_job, finished, log, run, start, wait_for, wait_for_state

from local_aws.process import LocalAws

ARGUMENTS = "import json, sys\nprint(json.dumps(dict(zip(sys.argv[1::2], sys.argv[2::2]))))"
FOREVER = "import time\ntime.sleep(600)"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws.start(tmp_path_factory.mktemp("workflow-runs")) as started:
        yield started


class Flow:
    """A workflow of a test's own: job ``first``, then, by a CONDITIONAL Glue trigger, job ``then``."""

    def __init__(self, aws: LocalAws, name: str, first: str = "pass", state: str = "SUCCEEDED") -> None:
        self.name, self.glue = name, aws.client("glue")
        self.first, self.then, self.views = f"{name}-first", f"{name}-then", f"{name}-views"
        create_job(aws, self.first, first, DefaultArguments={"--a": "default"})
        create_job(aws, self.then, ARGUMENTS)
        self.glue.create_workflow(Name=name, MaxConcurrentRuns=1, DefaultRunProperties={"asked": "by nobody"})
        self.add_trigger(name, "ON_DEMAND", self.first)
        self.add_trigger(self.views, "CONDITIONAL", self.then, Predicate=when(self.first, state), StartOnCreation=True)

    def add_trigger(self, name: str, kind: Any, job: str, **trigger: Any) -> None:
        self.glue.create_trigger(Name=name, WorkflowName=self.name, Type=kind, Actions=[{"JobName": job}], **trigger)

    def start(self, **properties: str) -> str:
        return self.glue.start_workflow_run(Name=self.name, RunProperties=properties)["RunId"]

    def run(self, run_id: str) -> Any:
        return self.glue.get_workflow_run(Name=self.name, RunId=run_id)["Run"]

    def completed(self, run_id: str) -> dict[str, int]:
        """Return the statistics that are not 0, as soon as the run is completed."""
        wait_for(lambda: self.run(run_id)["Status"] == "COMPLETED", f"{self.name} is completed")
        return {name: count for name, count in self.run(run_id)["Statistics"].items() if count}

    def runs_of(self, job: str) -> Any:
        return self.glue.get_job_runs(JobName=job)["JobRuns"]


def when(job: str, state: str) -> Any:
    return {"Logical": "AND", "Conditions": [{"LogicalOperator": "EQUALS", "JobName": job, "State": state}]}


def test_a_workflow_run_goes_from_job_to_job(aws: LocalAws) -> None:
    flow = Flow(aws, "chain")
    run_id = flow.start(asked="by a test")
    assert flow.completed(run_id) == {"TotalActions": 2, "SucceededActions": 2}
    (first,), (then,) = flow.runs_of(flow.first), flow.runs_of(flow.then)
    assert (first["TriggerName"], first["PredecessorRuns"]) == ("chain", [])
    assert (then["TriggerName"], then["PredecessorRuns"]) == (
        "chain-views",
        [{"JobName": flow.first, "RunId": first["Id"]}],
    )
    workflow = {"--WORKFLOW_NAME": "chain", "--WORKFLOW_RUN_ID": run_id}
    assert first["Arguments"] == {"--a": "default", **workflow}
    assert json.loads(log(aws, "output", then["Id"])[0]).items() >= workflow.items()
    result = flow.run(run_id)
    assert first["StartedOn"] <= result["CompletedOn"] >= then["CompletedOn"]
    assert flow.glue.get_workflow(Name="chain")["Workflow"]["LastRun"] == result
    properties = flow.glue.get_workflow_run_properties(Name="chain", RunId=run_id)["RunProperties"]
    assert properties == {"asked": "by a test"}


def test_a_running_workflow_run_refuses_another(aws: LocalAws) -> None:
    flow = Flow(aws, "busy", FOREVER, "STOPPED")
    run_id = flow.start()
    with pytest.raises(flow.glue.exceptions.ConcurrentRunsExceededException, match="busy"):
        flow.start()
    assert flow.run(run_id)["Statistics"]["RunningActions"] == 1
    (first,) = flow.runs_of(flow.first)
    flow.glue.batch_stop_job_run(JobName=flow.first, JobRunIds=[first["Id"]])
    assert flow.completed(run_id) == {"TotalActions": 2, "StoppedActions": 1, "SucceededActions": 1}
    assert flow.start() != run_id


def test_a_failed_job_ends_the_run_when_nobody_waits_for_its_failure(aws: LocalAws) -> None:
    flow = Flow(aws, "failing", "raise LookupError")
    assert flow.completed(flow.start()) == {"TotalActions": 1, "FailedActions": 1}
    assert flow.runs_of(flow.then) == []


def test_a_bare_start_fires_nothing(aws: LocalAws) -> None:
    flow = Flow(aws, "bare")
    bare = run(aws, flow.first)
    assert "TriggerName" not in bare
    flow.completed(flow.start())
    # One: of the workflow run. A second one would be of the bare start.
    assert len(flow.runs_of(flow.then)) == 1


def test_a_deactivated_glue_trigger_does_not_fire_until_it_is_activated_again(aws: LocalAws) -> None:
    flow = Flow(aws, "deactivated")
    flow.glue.stop_trigger(Name=flow.views)
    assert flow.glue.get_trigger(Name=flow.views)["Trigger"]["State"] == "DEACTIVATED"
    assert flow.completed(flow.start()) == {"TotalActions": 1, "SucceededActions": 1}
    flow.glue.start_trigger(Name=flow.views)
    assert flow.glue.get_trigger(Name=flow.views)["Trigger"]["State"] == "ACTIVATED"
    assert flow.completed(flow.start()) == {"TotalActions": 2, "SucceededActions": 2}


def test_starting_the_on_demand_glue_trigger_starts_a_workflow_run(aws: LocalAws) -> None:
    flow = Flow(aws, "by-trigger")
    flow.glue.start_trigger(Name="by-trigger")
    (only,) = flow.glue.get_workflow_runs(Name="by-trigger")["Runs"]
    assert flow.completed(only["WorkflowRunId"]) == {"TotalActions": 2, "SucceededActions": 2}


def test_outside_of_workflows_glue_triggers_fire_each_other_and_none_inside(aws: LocalAws) -> None:
    flow = Flow(aws, "inside")
    create_job(aws, "outside", "pass")
    on_demand, conditional = ({"Name": f"outside-{kind}", "Type": kind} for kind in ("ON_DEMAND", "CONDITIONAL"))
    flow.glue.create_trigger(**on_demand, Actions=[{"JobName": flow.first}])
    flow.glue.create_trigger(
        **conditional,
        Actions=[{"JobName": "outside"}],
        Predicate=when(flow.first, "SUCCEEDED"),
        StartOnCreation=True,
    )
    flow.glue.start_trigger(Name="outside-ON_DEMAND")
    run_id = wait_for(lambda: flow.runs_of("outside"), "the CONDITIONAL Glue trigger fires")[0]["Id"]
    assert finished(aws, "outside", run_id)["TriggerName"] == "outside-CONDITIONAL"
    assert flow.runs_of(flow.then) == []


def test_a_job_that_cannot_be_started_is_an_errored_action(aws: LocalAws) -> None:
    flow = Flow(aws, "errored", FOREVER)
    taken = start(aws, flow.first)
    wait_for_state(aws, flow.first, taken, "RUNNING")
    assert flow.completed(flow.start()) == {"TotalActions": 1, "ErroredActions": 1}
    flow.glue.delete_job(JobName=flow.first)
    assert flow.completed(flow.start()) == {"TotalActions": 1, "ErroredActions": 1}


def test_an_action_brings_arguments_and_a_timeout(aws: LocalAws) -> None:
    flow = Flow(aws, "action")
    action: Any = {"JobName": flow.then, "Arguments": {"--b": "of the action"}, "Timeout": 7}
    flow.glue.update_trigger(
        Name=flow.views, TriggerUpdate={"Actions": [action], "Predicate": when(flow.first, "SUCCEEDED")}
    )
    flow.completed(flow.start())
    (then,) = flow.runs_of(flow.then)
    assert (then["Arguments"]["--b"], then["Timeout"]) == ("of the action", 7)
