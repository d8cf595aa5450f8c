"""Failures told to people through Airflow's notifiers.

Which ones is decided by the Airflow connections that exist: ``data_hub_sns``, ``data_hub_slack``, ``data_hub_email``.
"""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection, TaskInstanceState
from airflow.sdk.exceptions import AirflowNotFoundException

from data_hub.airflow.failures import KnownFailure
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseNotifier, Context

log = logging.getLogger(__name__)

SNS = "data_hub_sns"
SLACK = "data_hub_slack"
EMAIL = "data_hub_email"

# XCom of a task that failed and told of it. A task whose process was killed has none.
_TOLD = "failure_told"
_FAILED_TASK = "task_failure"
_RUN_FAILURES = {
    "timed_out": "the DAG run took longer than its dagrun_timeout; its unfinished tasks were skipped",
    "all_tasks_deadlocked": "no task of the DAG run can start any more",
}
_KILLED = "its process was killed, or somebody marked it failed; its log in Airflow says more"
_ERROR_LENGTH = 4000
_SUBJECT_LENGTH = 100  # of SNS
_SECONDS = 30

# Notifiers render what they get as templates, and an error's text may hold anything.
_SUBJECT, _TEXT, _ESCAPED = "data_hub_subject", "data_hub_text", "data_hub_escaped"


@dataclass(frozen=True)
class Message:
    """What people are told.

    Attributes:
        subject: one line.
        text: all of it, lines of ``name: value``.
    """

    subject: str
    text: str


def notify_task_failure(context: Context) -> None:
    """Tell that a task failed for good: an ``on_failure_callback`` of tasks, not called before a retry.

    Args:
        context: the task's. Nobody is told of a KnownFailure again. Without an exception the DAG processor calls this
            for a task that was killed: then the DAG run's callback tells.
    """
    error = context.get("exception")
    if error is None:
        return
    context["ti"].xcom_push(key=_TOLD, value=True)
    if isinstance(error, KnownFailure):
        log.info("Nobody is notified: this was told before")
        return
    instance = context["ti"]
    lines = {
        "pipeline": instance.dag_id,
        "task": instance.task_id,
        "DAG run": instance.run_id,
        "Glue job run": _left(context, "glue_job_run_id"),
        "error": shortened(str(error), _ERROR_LENGTH),
        "log": getattr(instance, "log_url", None),
        "Glue": _console_link(context),
    }
    _send(_message(f"{instance.dag_id}: {instance.task_id} failed", lines), context)


def notify_run_failure(context: Context) -> None:
    """Tell why a DAG run failed, unless its tasks have told: an ``on_failure_callback`` of DAGs.

    Args:
        context: the DAG run's, with Airflow's ``reason``; in some cases there is only ``dag`` and ``run_id`` beside it.
    """
    reason = context.get("reason") or ""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    failed = _silent_tasks(context, dag_id, run_id) if reason == _FAILED_TASK else []
    if reason == _FAILED_TASK and not failed:
        return
    lines = {"pipeline": dag_id, "task": ", ".join(failed), "DAG run": run_id}
    lines["error"] = _KILLED if failed else _RUN_FAILURES.get(reason, reason)
    _send(_message(f"{dag_id}: DAG run failed", lines), context)


def _silent_tasks(context: Context, dag_id: str, run_id: str) -> list[str]:
    """Return the tasks that failed and did not tell of it."""
    instance: Any = context.get("ti")
    if instance is None:
        return []
    states = instance.get_task_states(dag_id=dag_id, run_ids=[run_id]).get(run_id, {})
    failed = sorted(task for task, state in states.items() if state == TaskInstanceState.FAILED)
    return [task for task in failed if not instance.xcom_pull(task_ids=task, key=_TOLD)]


def _message(subject: str, lines: dict[str, Any]) -> Message:
    return Message(subject, "\n".join(f"{name}: {value}" for name, value in lines.items() if value))


def _left(context: Context, key: str) -> Any:
    instance = context["ti"]
    try:
        return instance.xcom_pull(task_ids=instance.task_id, key=key)
    except Exception:  # the message matters more than one of its lines
        log.warning("XCom %s cannot be read", key, exc_info=True)
        return None


def _console_link(context: Context) -> str | None:
    from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink

    parts = _left(context, GlueJobRunDetailsLink.key)
    return GlueJobRunDetailsLink().format_link(**parts) if parts else None


def _send(message: Message, context: Context) -> None:
    escaped = html.escape(message.text, quote=False)
    values = {_SUBJECT: message.subject[:_SUBJECT_LENGTH], _TEXT: message.text, _ESCAPED: escaped}
    for conn_id, make in _NOTIFIERS.items():
        try:
            make(Connection.get(conn_id))({**context, **values})
        except AirflowNotFoundException:
            continue  # nobody asked for it
        except ImportError as error:
            log.warning("Connection %s is not used: %s", conn_id, error)
        except Exception:  # one that fails must not keep the others from being told
            log.exception("Nobody was notified through connection %s", conn_id)


def _sns(connection: Connection) -> BaseNotifier:
    from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

    target = _extra(connection, "target_arn")
    return SnsNotifier(
        aws_conn_id=SNS,
        target_arn=target,
        region_name=target.split(":")[3],
        subject=_template(_SUBJECT),
        message=_template(_TEXT),
    )


def _slack(_: Connection) -> BaseNotifier:
    try:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    except ImportError as error:
        raise ImportError("install apache-airflow-providers-slack") from error

    return SlackWebhookNotifier(slack_webhook_conn_id=SLACK, text=_template(_ESCAPED), timeout=_SECONDS)


def _email(connection: Connection) -> BaseNotifier:
    try:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier
    except ImportError as error:
        raise ImportError("install apache-airflow-providers-smtp") from error

    to = _extra(connection, "to")
    return SmtpNotifier(
        smtp_conn_id=EMAIL, to=to, subject=_template(_SUBJECT), html_content=f"<pre>{_template(_ESCAPED)}</pre>"
    )


def _extra(connection: Connection, name: str) -> Any:
    value = connection.extra_dejson.get(name)
    if not value:
        raise ValueError(f"connection {connection.conn_id} lacks {name} in its extra")
    return value


def _template(name: str) -> str:
    return f"{{{{ {name} }}}}"


_NOTIFIERS: dict[str, Callable[[Connection], BaseNotifier]] = {SNS: _sns, SLACK: _slack, EMAIL: _email}
