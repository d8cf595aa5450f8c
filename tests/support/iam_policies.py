"""IAM policies of deployed roles, and which calls they allow.

As far as these policies need: Allow statements with actions, resources and string conditions.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

OPERATORS = {
    "StringEquals": lambda pattern, value: pattern == value,
    "ArnEquals": lambda pattern, value: matches(pattern, value),
    "StringLike": lambda pattern, value: matches(pattern, value),
    "ArnLike": lambda pattern, value: matches(pattern, value),
}


@dataclass(frozen=True)
class Permission:
    """What one call needs: an action on one resource.

    Attributes:
        action: ``service:Action``.
        resource: ARN; ``*`` when the action knows no resource.
        context: condition keys of the request.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Statement:
    """An Allow statement of a role's policy."""

    role: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, hash=False)

    def allows(self, permission: Permission) -> bool:
        """Tell whether the statement allows it."""
        return (
            any(matches(action.lower(), permission.action.lower()) for action in self.actions)
            and any(matches(resource, permission.resource) for resource in self.resources)
            and self._conditions_hold(permission.context)
        )

    def _conditions_hold(self, context: Mapping[str, str]) -> bool:
        return all(
            _holds(operator, patterns, context.get(key))
            for operator, keys in self.conditions.items()
            for key, patterns in keys.items()
        )


def _holds(operator: str, patterns: tuple[str, ...], value: str | None) -> bool:
    bare = operator.removesuffix("IfExists")
    if value is None:
        return bare != operator
    return any(OPERATORS[bare](pattern, value) for pattern in patterns)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in pattern), re.DOTALL)


def matches(pattern: str, value: str) -> bool:
    """Tell whether a value fits a pattern with ``*`` and ``?``."""
    return _regex(pattern).fullmatch(value) is not None


def statements_of(role: str, document: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield the statements of a policy document; a statement without Sid is called by its first action."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow", "the least-privilege test knows Allow statements only"
        assert {"NotAction", "NotResource"}.isdisjoint(statement), "a list of exceptions grants what nobody listed"
        actions = _listed(statement["Action"])
        yield Statement(
            role=role,
            sid=statement.get("Sid") or actions[0],
            actions=actions,
            resources=_listed(statement["Resource"]),
            conditions={
                operator: {key: _listed(values) for key, values in keys.items()}
                for operator, keys in statement.get("Condition", {}).items()
            },
        )


def role_statements(iam: Any, role: str) -> list[Statement]:
    """Return all statements of a role: of its inline policies and of those attached to it."""
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    documents += [
        policy_document(iam, attached["PolicyArn"])
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    ]
    return [statement for document in documents for statement in statements_of(role, document)]


def policy_document(iam: Any, arn: str) -> Mapping[str, Any]:
    """Return the document of a managed policy's default version."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return json.loads(document) if isinstance(document, str) else document


def unused(statements: Iterable[Statement], permissions: Iterable[Permission]) -> list[tuple[str, str, str]]:
    """Return what no call needed: (role, sid, action) and (role, sid, resource) of each statement."""
    needed = list(permissions)
    found = []
    for statement in statements:
        used = [permission for permission in needed if statement.allows(permission)]
        found += [
            (statement.role, statement.sid, action)
            for action in statement.actions
            if not any(matches(action.lower(), permission.action.lower()) for permission in used)
        ]
        found += [
            (statement.role, statement.sid, resource)
            for resource in statement.resources
            if not any(matches(resource, permission.resource) for permission in used)
        ]
    return found


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
