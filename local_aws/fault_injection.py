"""The server's side of ``local_aws.faults``: a WSGI application around moto's."""

import contextlib
import io
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from typing import Any
from urllib.parse import unquote

from werkzeug.test import run_wsgi_app

from local_aws.faults import CONTROL_PATH, Call, Fault

CREDENTIAL = re.compile(r"Credential=(?P<role>[^/]+)/[0-9]+/[^/]+/(?P<service>s3|glue)/aws4_request")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html
REFUSALS = {
    ("s3", "refuse"): ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>"),
    ("glue", "refuse"): ("400 Bad Request", '{"__type": "AccessDeniedException"}'),
    ("s3", "error"): ("500 Internal Server Error", "<Error><Code>InternalError</Code></Error>"),
    ("s3", "throttle"): ("503 Slow Down", "<Error><Code>SlowDown</Code></Error>"),
    ("glue", "error"): ("500 Internal Server Error", '{"__type": "InternalServiceException"}'),
    ("glue", "throttle"): ("400 Bad Request", '{"__type": "ThrottlingException"}'),
}
Environ = dict[str, Any]
Answer = Iterable[bytes]


@dataclass
class Plan:
    """A fault, and what was called since it was set."""

    fault: Fault
    calls: list[Call] = field(default_factory=list)
    hits: list[Call] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hit(self, call: Call) -> bool:
        """Count a call and tell whether it meets the fault."""
        with self.lock:
            if not self.fault.counts(call):
                return False
            self.calls.append(call)
            hit = 0 < self.fault.at <= len(self.calls) < self.fault.at + self.fault.times
            self.hits += [call] * hit
            return hit

    def end(self) -> None:
        """Let late calls be done and held ones go on."""
        for perform in self.late:
            # Where it came too late, moto raises what S3 would answer.
            with contextlib.suppress(Exception):
                perform()
        self.ended.set()


class FaultInjection:
    """Lets S3 and Glue calls meet the plan on their way to another WSGI application."""

    def __init__(self, app: Callable[..., Answer]) -> None:
        self._app = app
        self._plan: Plan | None = None

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Answer:
        """Answer a request."""
        if environ["PATH_INFO"] == CONTROL_PATH:
            return self._control(environ, start_response)
        plan, call = self._plan, _call_of(environ)
        if plan is None or call is None or not plan.hit(call):
            return self._app(environ, start_response)
        body, status, headers = self._meet(plan, call, {**environ, "wsgi.input": io.BytesIO(_body_of(environ))})
        start_response(status, headers)
        return _half(body, environ) if plan.fault.effect == "cut_amid" else [body]

    def _meet(self, plan: Plan, call: Call, environ: Environ) -> tuple[bytes, str, list[tuple[str, str]]]:
        effect = plan.fault.effect
        if refusal := REFUSALS.get((call.service, effect)):
            return refusal[1].encode(), refusal[0], [("Content-Length", str(len(refusal[1])))]
        if effect == "late":
            plan.late.append(lambda: self._perform(environ))
        if effect in {"late", "cut_before"}:
            _cut(environ)
        if effect in {"delay", "hold_before"}:
            plan.ended.wait(plan.fault.seconds if effect == "delay" else None)
        answer = self._perform(environ)
        if effect == "duplicate":
            return self._perform(environ)
        if effect == "hold_after":
            plan.ended.wait()
        if effect == "cut_after":
            _cut(environ)
        return answer

    def _perform(self, environ: Environ) -> tuple[bytes, str, list[tuple[str, str]]]:
        environ["wsgi.input"].seek(0)
        answer, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return b"".join(answer), status, list(headers)

    def _control(self, environ: Environ, start_response: Callable[..., Any]) -> Answer:
        before = self._plan
        if environ["REQUEST_METHOD"] != "GET":
            # The next plan is there before held calls go on.
            self._plan = (
                Plan(Fault(**json.loads(_body_of(environ) or "{}"))) if environ["REQUEST_METHOD"] == "PUT" else None
            )
            if before:
                before.end()
        seen = {name: [astuple(call) for call in getattr(before, name, [])] for name in ("calls", "hits")}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(seen).encode()]


def _call_of(environ: Environ) -> Call | None:
    signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not signed:
        return None
    name = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix("AWSGlue.")
    return Call(**signed.groupdict(), operation=name or environ["REQUEST_METHOD"], target=unquote(environ["RAW_URI"]))


def _body_of(environ: Environ) -> bytes:
    # werkzeug ends a chunked body itself, and only that.
    length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _half(body: bytes, environ: Environ) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    _cut(environ)


def _cut(environ: Environ) -> None:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("by plan")
