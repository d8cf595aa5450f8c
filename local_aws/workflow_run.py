"""Workflow runs under way: Glue triggers fire as jobs end; which ones, data_hub.pipelines.triggers decides."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.glue.exceptions import GlueClientError
from moto.glue.models import FakeWorkflowRun

from data_hub.pipelines.triggers import LIVE, Chain, Condition, GlueTrigger, JobRun, is_finished, next_to_fire
from local_aws.patching import LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Names as in https://docs.aws.amazon.com/glue/latest/webapi/API_WorkflowRunStatistics.html, by a job run's state.
STATISTICS = {
    "SUCCEEDED": "SucceededActions",
    "FAILED": "FailedActions",
    "STOPPED": "StoppedActions",
    "TIMEOUT": "TimeoutActions",
    "ERROR": "ErroredActions",
    **dict.fromkeys(LIVE, "RunningActions"),
}


class ChainRun:
    """A chain of job runs: a workflow run, or what an ON_DEMAND Glue trigger outside of workflows began.

    Attributes:
        completed_on: when nothing ran any more and nothing was going to.
    """

    def __init__(self, workflow: str | None = None, arguments: Mapping[str, str] | None = None) -> None:
        """Begin with nothing.

        Args:
            workflow: name of the workflow.
            arguments: what every job run of the chain gets besides its own arguments.
        """
        self.completed_on: datetime | None = None
        self._workflow = workflow
        self._arguments = dict(arguments or {})
        # Name of the Glue trigger, name of the job, the run; no run when the job could not be started.
        self._runs: list[tuple[str, str, Any]] = []

    def advance(self, backend: Any) -> None:
        """Fire what has to fire now; called at the start and whenever a job run of the chain has ended.

        Args:
            backend: moto's GlueBackend.
        """
        with LOCK:
            triggers = [_value_of(trigger) for trigger in backend.triggers.values()]
            while due := next_to_fire(triggers, self._chain()):
                for trigger in due:
                    self.fire(backend, backend.triggers[trigger.name])
            if is_finished(triggers, self._chain()):
                self.completed_on = utcnow()

    def fire(self, backend: Any, trigger: Any) -> None:
        """Start the jobs of a Glue trigger (moto's FakeTrigger); one that cannot be started is an errored action."""
        watched = {condition.job for condition in _value_of(trigger).conditions}
        predecessors = [
            {"JobName": job, "RunId": run.job_run_id} for _, job, run in self._runs if run and job in watched
        ]
        with LOCK:
            for action in trigger.actions:
                run = _start(backend, action, self._arguments)
                if run:
                    run.chain, run.trigger_name, run.predecessors = self, trigger.name, predecessors
                self._runs.append((trigger.name, action.job_name, run))

    def statistics(self) -> dict[str, int]:
        """Return the Statistics structure of a workflow run."""
        counts = Counter(STATISTICS[run.state] for run in self._chain().runs)
        return {"TotalActions": counts.total(), **{name: counts[name] for name in STATISTICS.values()}}

    def _chain(self) -> Chain:
        runs = (JobRun(job, run.status if run else "ERROR", trigger) for trigger, job, run in self._runs)
        return Chain(self._workflow, tuple(runs))


class LocalWorkflowRun(FakeWorkflowRun):  # type: ignore[misc]
    """A workflow run whose status and statistics are those of its job runs; moto's stays RUNNING."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        arguments = {"--WORKFLOW_NAME": self.workflow_name, "--WORKFLOW_RUN_ID": self.run_id}
        self.chain = ChainRun(self.workflow_name, arguments)

    @property
    def is_running(self) -> bool:
        """Tell whether the run counts against the workflow's MaxConcurrentRuns."""
        return self.chain.completed_on is None

    def as_dict(self) -> dict[str, Any]:
        """Return the WorkflowRun structure of GetWorkflowRun."""
        self.completed_on = self.chain.completed_on
        self.status = "COMPLETED" if self.completed_on else "RUNNING"
        answer: dict[str, Any] = super().as_dict()
        return answer | {"Statistics": self.chain.statistics()}


def _start(backend: Any, action: Any, arguments: Mapping[str, str]) -> Any:
    of_the_job = ("allocated_capacity", "max_capacity", "worker_type", "number_of_workers", "previous_run_id")
    try:
        backend.start_job_run(
            action.job_name,
            arguments={**(action.arguments or {}), **arguments},
            timeout=action.timeout,
            security_configuration=action.security_configuration,
            notification_property=action.notification_property,
            **dict.fromkeys(of_the_job),
        )
    except GlueClientError:
        return None
    return backend.get_job(action.job_name).job_runs[-1]


def _value_of(trigger: Any) -> GlueTrigger:
    answer = trigger.as_dict()
    predicate = answer.get("Predicate", {})
    return GlueTrigger(
        name=answer["Name"],
        type=answer["Type"],
        actions=tuple(action.get("JobName", "") for action in answer["Actions"]),
        logical=predicate.get("Logical", "AND"),
        conditions=tuple(
            Condition(condition.get("JobName", ""), condition.get("State", ""))
            for condition in predicate.get("Conditions", [])
        ),
        workflow=answer.get("WorkflowName"),
        active=answer["Type"] == "ON_DEMAND" or answer["State"] == "ACTIVATED",
    )
