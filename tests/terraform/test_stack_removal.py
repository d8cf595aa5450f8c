"""The last test of the stack: what Terraform made, it can remove."""

from collections.abc import Callable
from typing import Any

from stack import AIRFLOW_ROLE, Stack

# Service, call, and where the answer has what an account holds of its own.
HOLDINGS: dict[str, tuple[str, str, Callable[[Any], list[Any]]]] = {
    "buckets": ("s3", "list_buckets", lambda answer: answer["Buckets"]),
    "queues": ("sqs", "list_queues", lambda answer: answer.get("QueueUrls", [])),
    "functions": ("lambda", "list_functions", lambda answer: answer["Functions"]),
    "event source mappings": ("lambda", "list_event_source_mappings", lambda answer: answer["EventSourceMappings"]),
    "jobs": ("glue", "list_jobs", lambda answer: answer["JobNames"]),
    "Glue triggers": ("glue", "list_triggers", lambda answer: answer["TriggerNames"]),
    "workflows": ("glue", "list_workflows", lambda answer: answer["Workflows"]),
    "databases": ("glue", "get_databases", lambda answer: answer["DatabaseList"]),
    "roles": ("iam", "list_roles", lambda answer: _others(answer["Roles"], "RoleName", AIRFLOW_ROLE)),
    "policies": ("iam", "list_policies", lambda answer: _of_customer(answer["Policies"])),
    "topics": ("sns", "list_topics", lambda answer: answer["Topics"]),
    "alarms": ("cloudwatch", "describe_alarms", lambda answer: answer["MetricAlarms"] + answer["CompositeAlarms"]),
    "dashboards": ("cloudwatch", "list_dashboards", lambda answer: answer["DashboardEntries"]),
    "log groups": ("logs", "describe_log_groups", lambda answer: answer["logGroups"]),
    "log resource policies": ("logs", "describe_resource_policies", lambda answer: answer["resourcePolicies"]),
    "rules": ("events", "list_rules", lambda answer: answer["Rules"]),
    "schedules": ("scheduler", "list_schedules", lambda answer: answer["Schedules"]),
    "workgroups": ("athena", "list_work_groups", lambda answer: _others(answer["WorkGroups"], "Name", "primary")),
    "lake locations": ("lakeformation", "list_resources", lambda answer: answer["ResourceInfoList"]),
    "grants": ("lakeformation", "list_permissions", lambda answer: answer["PrincipalResourcePermissions"]),
}


def _others(found: list[dict[str, Any]], field: str, own: str) -> list[Any]:
    return [entry[field] for entry in found if entry[field] != own]


def _of_customer(policies: list[dict[str, Any]]) -> list[Any]:
    return [policy["Arn"] for policy in policies if not policy["Arn"].startswith("arn:aws:iam::aws:")]


def held(stack: Stack) -> dict[str, list[Any]]:
    answers = {name: pick(getattr(stack.client(service), call)()) for name, (service, call, pick) in HOLDINGS.items()}
    return {name: answer for name, answer in answers.items() if answer}


def test_destroy_leaves_an_empty_account(stack: Stack) -> None:
    assert held(stack).keys() == HOLDINGS.keys(), "what is not there before cannot be missed afterwards"
    stack.terraform.destroy()
    # Glue job runs write into the log groups of the stack, which are gone with it.
    assert held(stack) == {}
