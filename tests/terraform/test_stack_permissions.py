"""Least privilege: what the roles may do against what runs under both orchestrators did."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import recorded_calls
from collections_pipeline import row_v1
from iam_policies import Permission, Statement, unused
from stack import AIRFLOW_ROLE, Stack

# Roles that AWS takes on by itself; no call of theirs can be seen here.
TAKEN_ON_BY_AWS = {
    "data-hub-lake-formation": "Lake Formation reads and writes the warehouse for those it gave rights to",
    "data-hub-table-optimizer": "Glue compacts, expires snapshots and removes orphan files",
    "data-hub-view-definer": "the engines read the tables of a view with its rights",
}
# Resources with a wildcard of a role of the stack -> why it has to be one. Each stands for names that Terraform cannot
# know, below a prefix or a group that belongs to the stack alone.
WILDCARDS: Mapping[str, str] = {}
# (role, statement, action or resource) -> why no recorded call needed it.
NOT_SEEN: Mapping[tuple[str, str, str], str] = {}


@pytest.fixture
def used(stack: Stack, tmp_path: Path) -> dict[str, set[Permission]]:
    """What was needed by full runs; those that no earlier test made are made here."""
    if AIRFLOW_ROLE not in stack.granted:
        stack.await_ingested(stack.put("by-glue.csv", [row_v1("RIGHTS01"), b"no,row\n"]))
        stack.switch("airflow")
        stack.put("by-airflow.csv", [row_v1("RIGHTS02")])
        stack.run_dag(tmp_path)
        stack.switch("glue")
        stack.await_idle()
    return recorded_calls.read(stack.record)


def own_roles(stack: Stack) -> list[str]:
    names = [role["RoleName"] for role in stack.client("iam").list_roles()["Roles"]]
    return [name for name in names if name.startswith("data-hub-")]


def granted(stack: Stack) -> dict[str, list[Statement]]:
    found = {role: stack.statements(role) for role in own_roles(stack) if role not in TAKEN_ON_BY_AWS}
    return found | stack.granted


def test_every_call_is_allowed(stack: Stack, used: dict[str, set[Permission]]) -> None:
    refused = [
        (role, permission)
        for role, statements in granted(stack).items()
        for permission in used.get(role, ())
        if not any(statement.allows(permission) for statement in statements)
    ]
    assert refused == []


def test_nothing_more_is_allowed_than_the_calls_needed(stack: Stack, used: dict[str, set[Permission]]) -> None:
    found = [entry for role, statements in granted(stack).items() for entry in unused(statements, used.get(role, ()))]
    assert sorted(set(found) - NOT_SEEN.keys()) == []
    assert sorted(NOT_SEEN.keys() - set(found)) == [], "these are needed now: take them off the list"


def test_every_role_of_the_stack_has_been_seen(stack: Stack, used: dict[str, set[Permission]]) -> None:
    assert set(granted(stack)) <= used.keys()
    assert set(own_roles(stack)) >= TAKEN_ON_BY_AWS.keys()


def test_every_wildcard_has_its_reason(stack: Stack) -> None:
    statements = [found for role in own_roles(stack) for found in stack.statements(role)]
    statements += [found for granted_to_airflow in stack.granted.values() for found in granted_to_airflow]
    assert [(found.role, action) for found in statements for action in found.actions if "*" in action] == []
    wild = {resource for found in statements for resource in found.resources if "*" in resource}
    assert sorted(wild - WILDCARDS.keys()) == []
    assert sorted(WILDCARDS.keys() - wild) == [], "these are gone: take them off the list"
