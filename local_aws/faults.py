"""Faults by a plan: the n-th S3 or Glue call fails, is cut off, done twice, late or held, to see what comes of it."""

import http.client
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

# Where the plan is set and read; no bucket's name begins with an underscore.
CONTROL_PATH = "/_faults"

Effect = Literal[
    "refuse",
    "error",
    "throttle",
    "delay",
    "cut_before",
    "cut_amid",
    "cut_after",
    "duplicate",
    "late",
    "hold_before",
    "hold_after",
]


@dataclass(frozen=True)
class Call:
    """A signed request.

    Attributes:
        role: access key id of the caller.
        service: ``s3`` or ``glue``.
        operation: of Glue the call's name, of S3 the HTTP method.
        target: of S3 the path and query.
    """

    role: str
    service: str
    operation: str
    target: str = ""


@dataclass(frozen=True)
class Fault:
    """Which calls, counted from 1 since the plan was set, meet which effect.

    Attributes:
        effect: ``refuse``: 403, ``error``: 500, ``throttle``: told to slow down, nothing done; the SDKs try the last
            two again. ``delay``: done ``seconds`` later.
            ``cut_before``, ``cut_after``: the connection ends before or after it is done, ``cut_amid``: within the
            answer. ``duplicate``: done twice, as when the network repeats it; the second answer is given. ``late``:
            cut off, and done when the plan ends. ``hold_before``, ``hold_after``: neither answered nor, before, done
            until the plan ends.
        at: number of the first call that meets it; with 0 none does, and calls are only counted.
        times: how many calls in a row meet it.
        service: ``s3`` or ``glue``; empty: both count.
        operation: as in ``Call``; empty: all count.
        role: whose calls count; empty: everybody's.
        seconds: how long ``delay`` takes.
    """

    effect: Effect = "error"
    at: int = 0
    times: int = 1
    service: str = ""
    operation: str = ""
    role: str = ""
    seconds: float = 0.05

    def counts(self, call: Call) -> bool:
        """Tell whether a call is of the kind that is counted."""
        wanted = ((self.service, call.service), (self.operation, call.operation), (self.role, call.role))
        return all(name in {"", found} for name, found in wanted)


class Faults:
    """The plan of a local AWS, as tests set, read and end it."""

    def __init__(self, endpoint: str) -> None:
        self._address = urlsplit(endpoint).netloc

    def plan(self, fault: Fault) -> None:
        """Set a plan; the one before ends and counting begins anew."""
        self._request("PUT", json.dumps(asdict(fault)))

    def end(self) -> tuple[list[Call], list[Call]]:
        """End the plan: held calls go on, late ones are done; return what was counted and what met the fault."""
        calls, hits = self.seen()
        self._request("DELETE")
        return calls, hits

    def seen(self) -> tuple[list[Call], list[Call]]:
        """Return the calls that were counted since the plan was set, and those of them that met the fault."""
        seen = self._request("GET")
        return [Call(*call) for call in seen["calls"]], [Call(*call) for call in seen["hits"]]

    def _request(self, method: str, body: str | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._address)
        try:
            connection.request(method, CONTROL_PATH, body)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer
