"""What a Glue trigger fires on, by AWS's rules: one pure function for all who have to know.

- A CONDITIONAL Glue trigger fires when jobs that it watches have ended as its predicate says: all of them (AND) or one
  (ANY). Only job runs that a Glue trigger started count, all of one chain: a bare StartJobRun fires nothing.
  https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html
- A chain lies inside one workflow or outside of all: a job that a Glue trigger outside of the workflow started fires
  none inside, and the other way round.
  https://docs.aws.amazon.com/glue/latest/dg/blueprint_workflow_restrictions.html
- A workflow run begins with the workflow's starting Glue trigger, here an ON_DEMAND one.
  https://docs.aws.amazon.com/glue/latest/dg/workflows_overview.html
- A deactivated Glue trigger does not fire: https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# States in which a job run may still change. https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
LIVE = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})


@dataclass(frozen=True)
class Condition:
    """A job and the state in which a run of it has to end: SUCCEEDED, STOPPED, FAILED or TIMEOUT."""

    job: str
    state: str


@dataclass(frozen=True)
class GlueTrigger:
    """A Glue trigger.

    Attributes:
        name: its name.
        type: ON_DEMAND starts a chain, CONDITIONAL carries it on.
        actions: names of the jobs that it starts.
        logical: whether all conditions have to be met or any one of them.
        conditions: what a CONDITIONAL Glue trigger waits for.
        workflow: name of the workflow that it belongs to.
        active: whether it may fire; a CONDITIONAL one has to be ACTIVATED for it.
    """

    name: str
    type: Literal["ON_DEMAND", "CONDITIONAL"]
    actions: tuple[str, ...]
    logical: Literal["AND", "ANY"] = "AND"
    conditions: tuple[Condition, ...] = ()
    workflow: str | None = None
    active: bool = True


@dataclass(frozen=True)
class JobRun:
    """A job run as Glue triggers see it.

    Attributes:
        job: name of the job.
        state: JobRunState; ERROR for an action whose job could not be started.
        started_by: name of the Glue trigger, None for a bare StartJobRun.
    """

    job: str
    state: str
    started_by: str | None


@dataclass(frozen=True)
class Chain:
    """Job runs that descend from one start: a workflow run, or what a Glue trigger outside of workflows began.

    Attributes:
        workflow: name of the workflow, None outside of workflows.
        runs: its job runs so far.
    """

    workflow: str | None
    runs: tuple[JobRun, ...] = ()


def next_to_fire(glue_triggers: Sequence[GlueTrigger], chain: Chain) -> list[GlueTrigger]:
    """Return the Glue triggers that a chain fires now, in the given order; each fires once in a chain.

    Args:
        glue_triggers: all there are; those of other workflows do no harm.
        chain: what has run so far. Of a workflow in which nothing has run yet, the starting Glue trigger fires.
    """
    fired = {run.started_by for run in chain.runs}
    return [
        trigger
        for trigger in glue_triggers
        if trigger.active
        and trigger.actions
        and trigger.workflow == chain.workflow
        and trigger.name not in fired
        and (_starts(chain) if trigger.type == "ON_DEMAND" else _predicate_is_met(trigger, chain))
    ]


def is_finished(glue_triggers: Sequence[GlueTrigger], chain: Chain) -> bool:
    """Tell whether nothing of a chain runs any more and nothing is going to."""
    return not any(run.state in LIVE for run in chain.runs) and not next_to_fire(glue_triggers, chain)


def _starts(chain: Chain) -> bool:
    return chain.workflow is not None and not chain.runs


def _predicate_is_met(trigger: GlueTrigger, chain: Chain) -> bool:
    ended = {Condition(run.job, run.state) for run in chain.runs if run.started_by is not None}
    met = [condition in ended for condition in trigger.conditions]
    return any(met) if trigger.logical == "ANY" else bool(met) and all(met)
