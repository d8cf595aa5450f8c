"""Changes to moto's Glue triggers and workflows, which it stores and never starts."""

import functools
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.glue import models
from moto.glue.exceptions import ConcurrentRunsExceededException
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse
from moto.glue.utils import Action, Predicate
from moto.utilities.paginator import paginate

from local_aws.patching import LOCK, add, replace
from local_aws.workflow_run import ChainRun, LocalWorkflowRun


def install() -> None:
    """Patch moto in this process.

    Raises:
        RuntimeError: moto is not the version that these patches are made for.
    """
    replace(models, "FakeWorkflowRun", lambda _: LocalWorkflowRun)
    replace(GlueBackend, "start_workflow_run", _start_workflow_run)
    replace(GlueBackend, "get_workflow_runs", _in_pages)
    replace(GlueBackend, "start_trigger", _start_trigger)
    add(GlueResponse, "update_trigger", _update_trigger)


def _start_workflow_run(original: Callable[..., str]) -> Callable[..., str]:
    """Fire the starting Glue trigger, unless MaxConcurrentRuns are under way.

    https://docs.aws.amazon.com/glue/latest/webapi/API_StartWorkflowRun.html
    """

    @functools.wraps(original)
    def start_workflow_run(backend: Any, workflow_name: str, properties: dict[str, str] | None) -> str:
        with LOCK:
            workflow = backend.workflows.get(workflow_name)
            limit = workflow and workflow.max_concurrent_runs
            if limit and sum(run.is_running for run in workflow.runs.values()) >= limit:
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for workflow: {workflow_name}.")
            run_id = original(backend, workflow_name, properties)
            workflow.runs[run_id].chain.advance(backend)
        return run_id

    return start_workflow_run


def _in_pages(original: Any) -> Any:
    """Let there be a second page: where the first one ends, moto looks for a name that its answer does not have."""
    page = GlueBackend.PAGINATION_MODEL["get_workflow_runs"] | {"unique_attribute": "WorkflowRunId"}
    return paginate(pagination_model={"get_workflow_runs": page})(original.__wrapped__)


def _start_trigger(original: Callable[..., None]) -> Callable[..., None]:
    """Fire an ON_DEMAND Glue trigger, which stays CREATED; activate another one.

    https://docs.aws.amazon.com/glue/latest/dg/activate-triggers.html
    """

    @functools.wraps(original)
    def start_trigger(backend: Any, name: str) -> None:
        trigger = backend.get_trigger(name)
        if trigger.trigger_type != "ON_DEMAND":
            original(backend, name)
        elif trigger.workflow_name:
            backend.start_workflow_run(trigger.workflow_name, None)
        else:
            ChainRun().fire(backend, trigger)

    return start_trigger


def _update_trigger(response: Any) -> ActionResult:
    """Overwrite a Glue trigger's definition: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTrigger.html."""
    update = response.parameters["TriggerUpdate"]
    trigger = response.glue_backend.get_trigger(response.parameters["Name"])
    trigger.description, trigger.schedule = update.get("Description"), update.get("Schedule")
    trigger.predicate = Predicate(update["Predicate"]) if "Predicate" in update else None
    trigger.actions = [Action(action) for action in update.get("Actions", [])]
    return ActionResult({"Trigger": trigger.as_dict()})
