"""Airflow's REST API on this machine."""

import http
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT_SECONDS = 30.0


class NoAnswer(Exception):
    """The API server does not answer: it starts, or has just been started again."""


class Refused(Exception):
    """The API server refuses a request; the text is its answer.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class AirflowApi:
    """Asks the API server, without a password as on loopback.

    Args:
        url: Airflow's URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: str | None = None
        # A proxy does not reach this machine's loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the answer to GET ``/api/v2/<path>``.

        Raises:
            NoAnswer: the API server does not answer.
            Refused: it answers with an error.
        """
        query = f"?{urllib.parse.urlencode(parameters, doseq=True)}" if parameters else ""
        return self._authorised("GET", f"/api/v2/{path}{query}")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to POST ``/api/v2/<path>``; raises like ``get``."""
        return self._authorised("POST", f"/api/v2/{path}", body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to PATCH ``/api/v2/<path>``; raises like ``get``."""
        return self._authorised("PATCH", f"/api/v2/{path}", body)

    def health(self) -> dict[str, str]:
        """Return the status of each part, as ``/api/v2/monitor/health`` tells it; raises like ``get``."""
        answer = self._send("GET", "/api/v2/monitor/health")
        return {name: str(part["status"]) for name, part in answer.items()}

    def _authorised(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if self._token is not None:
            try:
                return self._send(method, path, body)
            except Refused as error:
                if error.status != http.HTTPStatus.UNAUTHORIZED:
                    raise
                # It was good for a day.
                self._token = None
        self._token = str(self._send("GET", "/auth/token")["access_token"])
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310  (our own URL)
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            method=method,
        )
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode(errors="replace")) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswer(str(error)) from error


def quoted(name: str) -> str:
    """Return a name as a part of a path."""
    return urllib.parse.quote(name, safe="~")
