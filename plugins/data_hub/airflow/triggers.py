"""Airflow triggers: what the triggerer watches while a task is deferred."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue import GlueJobHook
from airflow.providers.amazon.aws.triggers.glue import GlueJobCompleteTrigger
from airflow.sdk import TaskInstanceState
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async
from botocore.exceptions import BotoCoreError, ClientError

from data_hub.airflow.job_run_outcome import FAILURES, HOLDING_A_SLOT, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Airflow gives on_kill 30 s.
_STOP_SECONDS = 20
# GetJobRuns shows the newest runs first, and those that are going are among them.
_RUNS_LOOKED_AT = 200


class GlueJobRunTrigger(GlueJobCompleteTrigger):
    """A GlueJobCompleteTrigger that knows every final state of a job run, and stops it when a user kills the task.

    The stock waiter does not know EXPIRED and would ask on until its attempts are used up. And it looks at once: a task
    that comes back while the process that deferred it is still ending is taken for killed by Airflow's scheduler.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcomes = {SUCCEEDED: "success", **dict.fromkeys(FAILURES, "failure")}
        self.waiter_config_overrides = {
            "acceptors": [
                {"matcher": "path", "argument": "JobRun.JobRunState", "expected": state, "state": outcome}
                for state, outcome in outcomes.items()
            ]
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for one delay, then look until the run has ended."""
        await asyncio.sleep(self.waiter_delay)
        async for event in super().run():
            yield event

    async def on_kill(self) -> None:
        """Stop the job run: a user cleared the deferred task, or marked it failed or successful.

        Airflow calls it since 3.3, and neither when the triggerer restarts nor when the run has ended. But it does call
        it when another triggerer took the Airflow trigger over; the task is still deferred then. And it cancels it with
        every look at its database, once a second, while the first question for a task's state takes several.
        """
        stopping = asyncio.ensure_future(self._stop_unless_deferred())
        while not stopping.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(stopping)

    async def _stop_unless_deferred(self) -> None:
        run = f"run {self.run_id} of Glue job {self.job_name}"
        try:
            if await _is_deferred(self.task_instance):
                self.log.info("Not stopping %s: another triggerer watches it now", run)
                return
        except Exception as error:  # noqa: BLE001 - whatever it is, a run that may be wanted goes on
            self.log.warning("Not stopping %s: the task's state cannot be found out: %s", run, error)
            return
        try:
            async with asyncio.timeout(_STOP_SECONDS), await _open(self.hook()) as glue:
                answer = await glue.batch_stop_job_run(JobName=self.job_name, JobRunIds=[self.run_id])
        except (TimeoutError, BotoCoreError, ClientError) as error:
            self.log.warning("Could not stop %s, which goes on: %s", run, error or f"no answer in {_STOP_SECONDS} s")
            return
        if refusals := answer.get("Errors"):
            self.log.warning("Glue did not stop %s: %s", run, refusals[0]["ErrorDetail"]["ErrorMessage"])
        else:
            self.log.info("Stopping %s: the task was killed", run)


class FreeSlotTrigger(BaseTrigger):
    """Waits until fewer runs of a Glue job are going than its MaxConcurrentRuns allows.

    Args:
        job_name: the Glue job.
        waiter_delay: seconds before each look. Also before the first: for some seconds after a run's end Glue refuses
            the next one, though no run is shown as going.
        waiter_max_attempts: how often to look.
    """

    def __init__(self, job_name: str, waiter_delay: int, waiter_max_attempts: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_name = job_name
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class and arguments, from which the triggerer makes the trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "job_name": self.job_name,
                "waiter_delay": self.waiter_delay,
                "waiter_max_attempts": self.waiter_max_attempts,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield ``{"is_free": True}`` as soon as a slot is free, ``{"is_free": False}`` when none was for too long."""
        yield TriggerEvent({"is_free": await self._wait()})  # type: ignore[no-untyped-call]

    async def _wait(self) -> bool:
        async with await _open(GlueJobHook(aws_conn_id=None)) as glue:
            for _ in range(self.waiter_max_attempts):
                await asyncio.sleep(self.waiter_delay)
                try:
                    if await self._is_slot_free(glue):
                        return True
                except (BotoCoreError, ClientError) as error:
                    self.log.warning("Cannot ask for the runs of Glue job %s, and go on: %s", self.job_name, error)
        return False

    async def _is_slot_free(self, glue: Any) -> bool:
        job = (await glue.get_job(JobName=self.job_name))["Job"]
        slots: int = job.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1)
        job_runs = (await glue.get_job_runs(JobName=self.job_name, MaxResults=_RUNS_LOOKED_AT))["JobRuns"]
        going = [job_run["Id"] for job_run in job_runs if job_run["JobRunState"] in HOLDING_A_SLOT]
        self.log.info(
            "Runs of Glue job %s: %d of %d are going (%s)", self.job_name, len(going), slots, ", ".join(going)
        )
        return len(going) < slots


async def _is_deferred(instance: Any) -> bool:
    states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        dag_id=instance.dag_id,
        task_ids=[instance.task_id],
        run_ids=[instance.run_id],
        map_index=instance.map_index,
    )
    return bool(states[instance.run_id][instance.task_id] == TaskInstanceState.DEFERRED)


async def _open(hook: Any) -> Any:
    return await hook.get_async_conn()
