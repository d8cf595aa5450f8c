import http.server
import threading
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from data_hub.iceberg import catalog
from local_aws.process import LocalAws

TABLE: dict[str, Any] = {"DatabaseName": "d", "TableInput": {"Name": "t"}}


class Refusing:
    """Answers UpdateTable with an error, some times."""

    def __init__(self, code: str, times: int) -> None:
        self.code = code
        self.times = times
        self.calls = 0

    def __call__(self, **_: Any) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise ClientError({"Error": {"Code": self.code, "Message": ""}}, "UpdateTable")
        return "updated"


@pytest.fixture
def update_table(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    original = boto3.client

    def install(refusing: Refusing) -> Any:
        def client(*arguments: Any, **options: Any) -> Any:
            made = original(*arguments, **options)
            made.update_table = refusing
            return made

        monkeypatch.setattr(boto3, "client", client)
        monkeypatch.setattr(catalog, "_THROTTLED_WAITS", (0.0, 0.0))
        return catalog._glue_client({}).update_table

    return install


def test_a_throttled_update_is_repeated(update_table: Any) -> None:
    refusing = Refusing("ThrottlingException", times=2)
    assert update_table(refusing)(**TABLE) == "updated"
    assert refusing.calls == 3


def test_throttling_that_does_not_end_is_told(update_table: Any) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        update_table(Refusing("ThrottlingException", times=9))(**TABLE)


def test_any_other_refusal_is_final(update_table: Any) -> None:
    refusing = Refusing("EntityNotFoundException", times=1)
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        update_table(refusing)(**TABLE)
    assert refusing.calls == 1


def test_an_update_without_an_answer_is_not_repeated(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["X-Amz-Target"].split(".")[-1])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        client = catalog._glue_client({})
        with pytest.raises(ConnectionClosedError):
            client.update_table(**TABLE)
        server.shutdown()
    assert asked == ["UpdateTable"]
