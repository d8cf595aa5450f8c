"""Calls a Lambda function's handler once, as Lambda's Python runtime does.

Started through job_wrapper.py as ``lambda_child.py EVENT ANSWER TIMEOUT REQUEST_ID``: EVENT is a JSON file, the JSON
file ANSWER gets ``{"payload": ..., "errored": false}``. The function's code is on the path already.
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class Context:
    """The handler's second argument; https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    def __init__(self, request_id: str, timeout_seconds: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self._end = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may go on."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def main() -> None:
    """Call the handler that the environment names."""
    event_file, answer_file, timeout, request_id = sys.argv[1:]
    started = time.monotonic()
    print(f"START RequestId: {request_id} Version: $LATEST")  # noqa: T201  (what is printed is the function's log)
    module, _, name = os.environ["_HANDLER"].rpartition(".")
    event = json.loads(Path(event_file).read_text(encoding="utf-8"))
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
        payload = handler(event, Context(request_id, float(timeout)))
        answer = json.dumps({"payload": payload, "errored": False})
    # Whatever ends the handler is the function's answer.
    except BaseException as error:  # noqa: BLE001
        answer = json.dumps({"payload": _describe(error), "errored": True})
    Path(answer_file).write_text(answer, encoding="utf-8")
    milliseconds = (time.monotonic() - started) * 1000
    print(f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms")  # noqa: T201


def _describe(error: BaseException) -> dict[str, Any]:
    stack = traceback.format_tb(error.__traceback__)[1:]
    print(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{''.join(stack)}")  # noqa: T201
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack}


if __name__ == "__main__":
    main()
