"""The evaluation of IAM policies that the least-privilege test rests on."""

from typing import Any

import pytest
from iam_policies import Permission, matches, statements_of, unused

READ: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::lake/tables/*", "arn:aws:s3:::lake/never/*"],
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::lake",
            "Condition": {"StringLike": {"s3:prefix": "tables/*"}},
        },
    ],
}


def listing(prefix: str | None) -> Permission:
    return Permission("s3:ListBucket", "arn:aws:s3:::lake", {} if prefix is None else {"s3:prefix": prefix})


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (Permission("s3:GetObject", "arn:aws:s3:::lake/tables/a/b.csv"), True),
        (Permission("S3:getobject", "arn:aws:s3:::lake/tables/a"), True),
        (Permission("s3:GetObject", "arn:aws:s3:::lake/other/a"), False),
        (Permission("s3:DeleteObject", "arn:aws:s3:::lake/tables/a"), False),
        (listing("tables/x"), True),
        (listing("other/"), False),
        (listing(None), False),
    ],
)
def test_a_statement_allows_what_its_patterns_and_conditions_fit(permission: Permission, expected: bool) -> None:
    allowed = any(statement.allows(permission) for statement in statements_of("reader", READ))
    assert allowed is expected


def test_a_condition_that_ends_in_if_exists_holds_when_the_key_is_missing() -> None:
    statement = READ["Statement"][1] | {"Condition": {"StringEqualsIfExists": {"s3:prefix": "tables/"}}}
    (read,) = statements_of("reader", {"Statement": [statement]})
    assert [read.allows(listing(prefix)) for prefix in (None, "tables/", "other/")] == [True, True, False]


def test_actions_and_resources_that_no_call_needed_are_found() -> None:
    calls = [Permission("s3:GetObject", "arn:aws:s3:::lake/tables/a"), listing("tables/")]
    assert unused(statements_of("reader", READ), calls) == [
        ("reader", "Read", "s3:PutObject"),
        ("reader", "Read", "arn:aws:s3:::lake/never/*"),
    ]


def test_a_deny_or_a_list_of_exceptions_is_not_taken_for_a_grant() -> None:
    for wrong in ({"Effect": "Deny"}, {"NotAction": "s3:*"}):
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"} | wrong
        with pytest.raises(AssertionError):
            list(statements_of("reader", {"Statement": [statement]}))


@pytest.mark.parametrize(("pattern", "value"), [("a*c", "abbc"), ("a?c", "abc"), ("a.c", "a.c"), ("*", "")])
def test_wildcards(pattern: str, value: str) -> None:
    assert matches(pattern, value)


def test_only_wildcards_are_special() -> None:
    assert not matches("a.c", "abc")
    assert not matches("a?c", "ac")
