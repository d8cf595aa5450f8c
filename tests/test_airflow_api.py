import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hub_cli.airflow_api import AirflowApi, NoAnswer, Refused


class Airflow(http.server.ThreadingHTTPServer):
    """An API server whose tokens are good for ``good_for`` requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.tokens = 0
        self.good_for = 1
        self.used = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Requests(http.server.BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        if self.path == "/auth/token":
            self.server.tokens, self.server.used = self.server.tokens + 1, 0
            self.answer(201, {"access_token": f"t{self.server.tokens}"})
        elif self.server.used == self.server.good_for:
            self.answer(401, {"detail": "Token Expired"})
        else:
            self.server.used += 1
            self.answer(200, {"token": self.headers["Authorization"]})

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    with Airflow() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_token_that_has_expired_is_replaced(airflow: Airflow) -> None:
    api = AirflowApi(airflow.url)
    assert [api.get("dags")["token"] for _ in range(3)] == ["Bearer t1", "Bearer t2", "Bearer t3"]


def test_a_new_token_that_is_refused_is_an_error(airflow: Airflow) -> None:
    airflow.good_for = 0
    with pytest.raises(Refused, match=r"401: .*Token Expired"):
        AirflowApi(airflow.url).get("dags")
    assert airflow.tokens == 1


def test_a_server_that_is_not_there_gives_no_answer(airflow: Airflow) -> None:
    airflow.server_close()
    with pytest.raises(NoAnswer):
        AirflowApi(airflow.url).get("dags")
