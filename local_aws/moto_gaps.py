"""Changes that we make to moto so that functions run, events arrive and Terraform's applies pass.

As in moto_patches: each has a test that shows what moto does without it.
"""

import copy
import functools
import json
import threading
from collections.abc import Callable
from typing import Any

from moto.athena.models import AthenaBackend
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core.utils import unix_time_millis
from moto.lakeformation.exceptions import InvalidInput
from moto.lakeformation.models import PermissionCatalog
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.sqs.models import Message, Queue, sqs_backends

from local_aws.lambda_runner import LambdaRunner
from local_aws.patching import add, replace


def install(runner: LambdaRunner, second: float) -> None:
    """Patch moto in this process.

    Args:
        runner: calls the functions.
        second: how long a second of a visibility timeout lasts.

    Raises:
        RuntimeError: moto is not the version that these patches are made for.
    """
    replace(LambdaFunction, "invoke", functools.partial(_invoke, runner))
    replace(LambdaBackend, "create_event_source_mapping", _leave_messages_to_the_poller)
    replace(Message, "change_visibility", functools.partial(_change_visibility, second))
    add(Queue, "redrive_allow_policy", None)
    replace(Queue, "BASE_ATTRIBUTES", lambda names: [*names, "RedriveAllowPolicy"])
    replace(Queue, "attributes", _policies_as_they_were_set)
    replace(Queue, "_set_attributes", _keep_policy)
    replace(FakeBucket, "get_permission", _leave_out_conditional_denials)
    # Terraform empties a bucket after it has ended its versioning; moto then stumbles over deletions from before.
    add(FakeDeleteMarker, "dispose", lambda _: None)
    replace(AthenaBackend, "list_tags_for_resource", _no_tags_are_tags)
    replace(PermissionCatalog, "remove_permission", _say_when_nothing_is_left)


def _invoke(runner: LambdaRunner, _original: Callable[..., Any]) -> Callable[..., bytes]:
    """Run the handler: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""

    def invoke(function: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        event = json.loads(body or "{}")
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            threading.Thread(target=runner.call, args=(function, event), daemon=True).start()
        if kind != "RequestResponse":
            return b""
        answer = runner.call(function, event)
        response_headers["x-amz-executed-version"] = "$LATEST"
        if answer.errored:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.payload.encode()

    return invoke


def _leave_messages_to_the_poller(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep moto from calling the function while the sender of a message waits; ``EventSources`` does it."""

    @functools.wraps(original)
    def create_event_source_mapping(backend: Any, spec: dict[str, Any]) -> Any:
        mapping = original(backend, spec)
        for queue in sqs_backends[backend.account_id][backend.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        return mapping

    return create_event_source_mapping


def _change_visibility(second: float, _original: Callable[..., Any]) -> Callable[..., None]:
    """Let the seconds of a visibility timeout last as long as the server was told."""

    def change_visibility(message: Any, visibility_timeout: float) -> None:
        message.visible_at = unix_time_millis() + visibility_timeout * second * 1000

    return change_visibility


def _policies_as_they_were_set(original: property) -> property:
    """Answer the JSON text without the spaces that moto puts in, and nothing for a policy that was removed."""

    def attributes(queue: Any) -> dict[str, Any]:
        found = {name: value for name, value in original.__get__(queue).items() if value != ""}
        if queue.redrive_policy:
            found["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
        return found

    return property(attributes)


def _keep_policy(original: Callable[..., None]) -> Callable[..., None]:
    """Let SetQueueAttributes change what it names only; moto forgets the queue's policy."""

    @functools.wraps(original)
    def set_attributes(queue: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        policy = attributes.get("Policy", getattr(queue, "policy", None))
        original(queue, attributes, now)
        queue.policy = policy

    return set_attributes


def _leave_out_conditional_denials(original: Callable[..., Any]) -> Callable[..., Any]:
    """Judge a bucket policy without the denials that have a condition: moto takes them as if they had none.

    The module's only one denies requests without TLS, which the local AWS takes for granted.
    """

    @functools.wraps(original)
    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        judged = copy.copy(bucket)
        if bucket.policy is not None:
            policy = json.loads(bucket.policy)
            kept = [one for one in policy["Statement"] if one["Effect"] != "Deny" or "Condition" not in one]
            judged.policy = json.dumps(policy | {"Statement": kept}).encode() if kept else None
        return original(judged, action, resource)

    return get_permission


def _no_tags_are_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    """List no tags of a workgroup without tags; moto says that there is no such workgroup."""

    @functools.wraps(original)
    def list_tags_for_resource(backend: Any, resource_arn: str) -> Any:
        return original(backend, resource_arn) or {"Tags": []}

    return list_tags_for_resource


def _say_when_nothing_is_left(original: Callable[..., None]) -> Callable[..., None]:
    """Refuse to revoke what is not granted; Terraform revokes until it hears so."""

    @functools.wraps(original)
    def remove_permission(catalog: Any, permission: Any) -> None:
        if not any(permission.equal_principal_and_resouce(granted) for granted in catalog.permissions):
            raise InvalidInput("No permissions revoked. Grantee has no permissions and no grantable permissions")
        original(catalog, permission)

    return remove_permission
