"""Which Glue triggers fire: AWS's documented cases, and what holds for every chain."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from data_hub.pipelines.triggers import LIVE, Chain, Condition, GlueTrigger, JobRun, is_finished, next_to_fire

JOBS = ("j1", "j2", "j3", "j4")
END_STATES = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT", "ERROR")

ARRIVAL = GlueTrigger("arrival", "ON_DEMAND", ("ingestion",), workflow="w")
VIEWS = GlueTrigger("views", "CONDITIONAL", ("views",), "AND", (Condition("ingestion", "SUCCEEDED"),), "w")


def conditional(name: str, logical: str, conditions: str, *actions: str) -> GlueTrigger:
    """``conditions`` are written like ``j1 SUCCEEDED, j2 FAILED``."""
    pairs = (condition.split() for condition in conditions.split(", "))
    return GlueTrigger(name, "CONDITIONAL", actions, logical, tuple(Condition(*pair) for pair in pairs))  # type: ignore[arg-type]


def fired(triggers: list[GlueTrigger], *runs: JobRun, workflow: str | None = None) -> list[str]:
    return [trigger.name for trigger in next_to_fire(triggers, Chain(workflow, runs))]


def test_both_of_two_jobs_or_either_of_them() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html: "T1 to start job J3 when both job J1 and job J2
    # successfully complete, and another trigger T2 to start job J4 if either job J1 or job J2 fails".
    triggers = [
        conditional("T1", "AND", "j1 SUCCEEDED, j2 SUCCEEDED", "j3"),
        conditional("T2", "ANY", "j1 FAILED, j2 FAILED", "j4"),
    ]
    first = JobRun("j1", "SUCCEEDED", "T0")
    assert fired(triggers, first) == []
    assert fired(triggers, first, JobRun("j2", "RUNNING", "T0")) == []
    assert fired(triggers, first, JobRun("j2", "SUCCEEDED", "T0")) == ["T1"]
    assert fired(triggers, first, JobRun("j2", "FAILED", "T0")) == ["T2"]


def test_a_job_that_was_started_by_hand_fires_nothing() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html: "Dependent jobs or crawlers are only started if
    # the job or crawler that completes was started by a trigger".
    assert fired([ARRIVAL, VIEWS], JobRun("ingestion", "SUCCEEDED", None), workflow="w") == []
    assert fired([ARRIVAL, VIEWS], JobRun("ingestion", "SUCCEEDED", "arrival"), workflow="w") == ["views"]


def test_a_glue_trigger_outside_of_the_workflow_fires_none_inside() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/blueprint_workflow_restrictions.html: "If a job or crawler in a
    # workflow is started by a trigger that is outside the workflow, any triggers inside the workflow that depend on
    # job or crawler completion do not fire", and "if the job or crawler is started from within a workflow, only the
    # triggers inside the workflow fire".
    outside = replace(VIEWS, name="outside", workflow=None)
    run = JobRun("ingestion", "SUCCEEDED", "any")
    assert fired([VIEWS, outside], run) == ["outside"]
    assert fired([VIEWS, outside], run, workflow="w") == ["views"]
    assert fired([VIEWS, outside], run, workflow="another") == []


def test_a_workflow_run_begins_with_the_starting_glue_trigger() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/workflows_overview.html: "each workflow has a start trigger".
    assert fired([VIEWS, ARRIVAL], workflow="w") == ["arrival"]
    assert fired([VIEWS, ARRIVAL], workflow="another") == []
    assert fired([VIEWS, ARRIVAL]) == []


def test_a_deactivated_glue_trigger_does_not_fire() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html: who deactivates one keeps it from firing.
    run = JobRun("ingestion", "SUCCEEDED", "arrival")
    assert fired([ARRIVAL, replace(VIEWS, active=False)], run, workflow="w") == []


def test_a_glue_trigger_watches_stopped_failed_and_timed_out_runs_too() -> None:
    # https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html: the table of job completion states.
    for state in ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT"):
        triggers = [conditional(other, "AND", f"j1 {other}", "j2") for other in END_STATES[:4]]
        assert fired(triggers, JobRun("j1", state, "T0")) == [state]


def test_a_chain_is_finished_when_nothing_runs_and_nothing_fires() -> None:
    triggers = [ARRIVAL, VIEWS]
    ingestion = JobRun("ingestion", "SUCCEEDED", "arrival")
    for runs, finished in [
        ((), False),
        ((replace(ingestion, state="RUNNING"),), False),
        ((ingestion,), False),
        ((ingestion, JobRun("views", "STARTING", "views")), False),
        ((ingestion, JobRun("views", "FAILED", "views")), True),
        ((replace(ingestion, state="FAILED"),), True),
        ((replace(ingestion, state="ERROR"),), True),
    ]:
        assert is_finished(triggers, Chain("w", runs)) is finished


conditions = st.builds(Condition, st.sampled_from(JOBS), st.sampled_from(END_STATES[:4]))
glue_triggers = st.builds(
    GlueTrigger,
    name=st.sampled_from(["a", "b", "c", "d", "e", "f"]),
    type=st.sampled_from(["ON_DEMAND", "CONDITIONAL"]),
    actions=st.lists(st.sampled_from(JOBS), max_size=3).map(tuple),
    logical=st.sampled_from(["AND", "ANY"]),
    conditions=st.lists(conditions, max_size=3).map(tuple),
    workflow=st.sampled_from([None, "w"]),
    active=st.booleans(),
)
accounts = st.lists(glue_triggers, max_size=6, unique_by=lambda trigger: trigger.name)
starters = st.one_of(st.none(), st.sampled_from(["a", "b", "started by another"]))
job_runs = st.builds(JobRun, st.sampled_from(JOBS), st.sampled_from([*END_STATES, *sorted(LIVE)]), starters)
chains = st.builds(Chain, st.sampled_from([None, "w"]), st.lists(job_runs, max_size=5).map(tuple))


@given(accounts, st.sampled_from([None, "w"]), st.data())
def test_every_chain_ends_and_every_glue_trigger_fires_at_most_once(
    triggers: list[GlueTrigger], workflow: str | None, data: st.DataObject
) -> None:
    begun = () if workflow else (JobRun("j1", data.draw(st.sampled_from(END_STATES)), "begun by hand"),)
    chain = Chain(workflow, begun)
    names: list[str] = []
    while due := next_to_fire(triggers, chain):
        names += [trigger.name for trigger in due]
        assert len(names) == len(set(names))
        # What a job run ends as is anybody's guess.
        ends = st.sampled_from(END_STATES)
        started = [JobRun(job, data.draw(ends), trigger.name) for trigger in due for job in trigger.actions]
        chain = replace(chain, runs=(*chain.runs, *started))
    assert is_finished(triggers, chain)


@given(accounts, chains)
def test_what_fires_is_active_of_the_same_workflow_and_in_the_given_order(
    triggers: list[GlueTrigger], chain: Chain
) -> None:
    due = next_to_fire(triggers, chain)
    assert all(trigger.active and trigger.workflow == chain.workflow for trigger in due)
    assert due == [trigger for trigger in triggers if trigger in due]


@given(accounts, chains)
def test_job_runs_that_nobody_else_started_fire_nothing(triggers: list[GlueTrigger], chain: Chain) -> None:
    by_hand = tuple(replace(run, started_by=None) for run in chain.runs) or (JobRun("j1", "SUCCEEDED", None),)
    assert next_to_fire(triggers, replace(chain, runs=by_hand)) == []


@given(accounts, chains, job_runs)
def test_job_runs_started_by_hand_change_nothing(triggers: list[GlueTrigger], chain: Chain, run: JobRun) -> None:
    if chain.runs:
        more = replace(chain, runs=(*chain.runs, replace(run, started_by=None)))
        assert next_to_fire(triggers, more) == next_to_fire(triggers, chain)


@given(accounts, chains, st.sampled_from(JOBS))
def test_a_job_run_that_is_live_fires_nothing(triggers: list[GlueTrigger], chain: Chain, job: str) -> None:
    if chain.runs:
        more = replace(chain, runs=(*chain.runs, JobRun(job, "RUNNING", "started by another")))
        assert next_to_fire(triggers, more) == next_to_fire(triggers, chain)
        assert not is_finished(triggers, more)
