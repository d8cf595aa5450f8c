"""Answers of AWS as a test wants them, from a real client that checks parameters and makes real errors."""

import json
from collections.abc import Callable
from typing import Any

import boto3

from local_aws.environment import DUMMY_KEY, REGION

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class RefusedError(Exception):
    """Makes the client raise a ClientError with this code."""


class StubbedCalls:
    """A client whose calls are answered by functions, and the calls that were made.

    Attributes:
        client: the client.
        calls: operation and parameters of each call, in order.
    """

    def __init__(self, service: str, **answers: Answer) -> None:
        self.client: Any = boto3.client(service, REGION, aws_access_key_id=DUMMY_KEY, aws_secret_access_key=DUMMY_KEY)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers = answers
        self.client.meta.events.register("provide-client-params.*.*", self._note)
        self.client.meta.events.register("before-call.*.*", self._answer)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))

    def _answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        try:
            answer = self.answers[model.name](self.calls[-1][1])
        except RefusedError as refused:
            error = {"Code": str(refused), "Message": json.dumps({"operation": model.name})}
            return _Status(400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return _Status(200), answer

    def named(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of the calls of an operation."""
        return [params for name, params in self.calls if name == operation]


class _Status:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code
