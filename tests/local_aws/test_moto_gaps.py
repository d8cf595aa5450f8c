"""Why each patch is needed that lets functions run, events arrive and Terraform's applies pass.

A ``vanilla`` case that fails says that moto has learnt it: drop the patch.
"""

import json
import time
from typing import Any

from lambda_functions import zipped
from moto_trials import SECOND, answer, client, outcomes

DENY_WITHOUT_TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::raw/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def make_function() -> None:
    role = client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName="function", Role=role, Runtime="python3.13", Handler="trial.handler", Code={"ZipFile": zipped("")}
    )


def make_queue(name: str = "queue", **attributes: str) -> str:
    return str(client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def attributes_of(queue: str) -> dict[str, str]:
    return client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]  # type: ignore[no-any-return]


@outcomes(vanilla="Handled", patched=None)
def test_a_function_runs_without_docker(glue: Any, outcome: str | None) -> None:
    make_function()
    response = client("lambda").invoke(FunctionName="function", Payload='{"key": 1}')
    assert response.get("FunctionError") == outcome
    assert outcome or response["Payload"].read() == b'{"key": 1}'


@outcomes(vanilla=1, patched=0)
def test_the_sender_of_a_message_does_not_wait_for_the_function(glue: Any, outcome: int) -> None:
    make_function()
    queue = make_queue()
    arn = attributes_of(queue)["QueueArn"]
    client("lambda").create_event_source_mapping(FunctionName="function", EventSourceArn=arn)
    client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    [message] = client("sqs").receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
    assert int(message["Attributes"]["ApproximateReceiveCount"]) - 1 == outcome


@outcomes(vanilla=False, patched=True)
def test_the_seconds_of_a_visibility_timeout_can_be_made_short(glue: Any, outcome: bool) -> None:
    queue = make_queue(VisibilityTimeout="2")
    client("sqs").send_message(QueueUrl=queue, MessageBody="{}")
    client("sqs").receive_message(QueueUrl=queue)
    time.sleep(3 * SECOND)
    assert ("Messages" in client("sqs").receive_message(QueueUrl=queue)) is outcome


@outcomes(vanilla="InvalidAttributeName", patched="ok")
def test_a_queue_has_a_redrive_allow_policy(glue: Any, outcome: str) -> None:
    queue, sqs = make_queue(), client("sqs")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    assert answer(sqs.get_queue_attributes, QueueUrl=queue, AttributeNames=["RedriveAllowPolicy"]) == outcome
    if outcome == "ok":
        assert attributes_of(queue)["RedriveAllowPolicy"] == '{"redrivePermission":"denyAll"}'
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": ""})
        assert "RedriveAllowPolicy" not in attributes_of(queue)


@outcomes(vanilla=False, patched=True)
def test_a_redrive_policy_is_answered_as_it_was_set(glue: Any, outcome: bool) -> None:
    dead_letters = attributes_of(make_queue("dead-letters"))["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": 3}, separators=(",", ":"))
    assert (attributes_of(make_queue(RedrivePolicy=policy))["RedrivePolicy"] == policy) is outcome


@outcomes(vanilla=False, patched=True)
def test_a_queue_keeps_its_policy_when_something_else_is_set(glue: Any, outcome: bool) -> None:
    queue = make_queue(Policy='{"Statement": [{"Effect": "Allow"}]}')
    client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "120"})
    assert ("Policy" in attributes_of(queue)) is outcome


@outcomes(vanilla="403", patched="ok")
def test_a_denial_of_requests_without_tls_denies_nothing_here(glue: Any, outcome: str) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [DENY_WITHOUT_TLS]}))
    assert answer(s3.put_object, Bucket="raw", Key="a.csv", Body=b"x") == outcome


@outcomes(vanilla="403", patched="403")
def test_a_denial_without_a_condition_holds(glue: Any, outcome: str) -> None:
    s3, denial = client("s3"), {name: value for name, value in DENY_WITHOUT_TLS.items() if name != "Condition"}
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_policy(Bucket="raw", Policy=json.dumps({"Statement": [DENY_WITHOUT_TLS, denial]}))
    assert answer(s3.put_object, Bucket="raw", Key="a.csv", Body=b"x") == outcome


@outcomes(vanilla="InvalidRequestException", patched="ok")
def test_a_workgroup_without_tags_has_no_tags(glue: Any, outcome: str) -> None:
    client("athena").create_work_group(Name="hub", Configuration={})
    arn = "arn:aws:athena:us-east-1:123456789012:workgroup/hub"
    assert answer(client("athena").list_tags_for_resource, ResourceARN=arn) == outcome


@outcomes(vanilla="ok", patched="InvalidInputException")
def test_what_is_not_granted_cannot_be_revoked(glue: Any, outcome: str) -> None:
    grant: dict[str, Any] = {
        "Principal": {"DataLakePrincipalIdentifier": "arn:aws:iam::123456789012:role/job"},
        "Resource": {"Database": {"Name": "hub"}},
        "Permissions": ["DESCRIBE"],
    }
    lake_formation = client("lakeformation")
    lake_formation.grant_permissions(**grant)
    assert answer(lake_formation.revoke_permissions, **grant) == "ok"
    assert answer(lake_formation.revoke_permissions, **grant) == outcome


@outcomes(vanilla="AttributeError", patched="ok")
def test_a_bucket_that_had_versions_can_be_emptied(glue: Any, outcome: str) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="warehouse")
    s3.put_bucket_versioning(Bucket="warehouse", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="warehouse", Key="old.json", Body=b"{}")["VersionId"]
    second = s3.delete_object(Bucket="warehouse", Key="old.json")["VersionId"]
    s3.put_bucket_versioning(Bucket="warehouse", VersioningConfiguration={"Status": "Suspended"})
    objects = [{"Key": "old.json", "VersionId": version} for version in (first, second)]
    assert answer(s3.delete_objects, Bucket="warehouse", Delete={"Objects": objects}) == outcome
    assert outcome != "ok" or "Versions" not in s3.list_object_versions(Bucket="warehouse")
