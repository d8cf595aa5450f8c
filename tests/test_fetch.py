import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from data_hub.ingestion import fetch
from data_hub.ingestion.fetch import fetched
from data_hub.ingestion.objects import HashingBody, ObjectChanged, ObjectUnreadable, OpenObject, SourceObject


def item(name: str, size: int) -> SourceObject:
    return SourceObject(name, "etag", size, datetime(2026, 1, 1, tzinfo=UTC))


class Store:
    """Objects in memory, which note when they are opened."""

    def __init__(self, contents: dict[str, bytes | Exception]) -> None:
        self.contents = contents
        self.opened: list[str] = []
        self._lock = threading.Lock()

    def list_objects(self) -> Iterator[SourceObject]:
        return (item(name, 1) for name in self.contents)

    def open(self, wanted: SourceObject) -> OpenObject:
        with self._lock:
            self.opened.append(wanted.key)
        content = self.contents[wanted.key]
        if isinstance(content, Exception):
            raise content
        return OpenObject(HashingBody(io.BytesIO(content)), f"version of {wanted.key}")


def test_objects_come_in_order_with_their_bytes_and_versions() -> None:
    contents: dict[str, bytes | Exception] = {f"{number:03}": f"content {number}".encode() for number in range(60)}
    store = Store(contents)
    found = [(each.key, open_it()) for each, open_it in fetched(store, list(store.list_objects()))]
    assert [(key, opened.body.read(100), opened.version_id) for key, opened in found] == [
        (key, content, f"version of {key}") for key, content in contents.items()
    ]
    assert sorted(store.opened) == sorted(contents)


def test_a_small_object_can_be_read_again_without_another_request() -> None:
    store = Store({"a": b"1", "b": b"2"})
    for each, open_it in fetched(store, [item("a", 1), item("b", 1)]):
        assert open_it().body.read(9) == open_it().body.read(9) == store.contents[each.key]
    assert sorted(store.opened) == ["a", "b"]


def test_a_large_object_is_opened_when_it_is_due() -> None:
    store = Store({"large": b"1", "small": b"2"})
    items = [item("large", fetch.SMALL_BYTES + 1), item("small", 1)]
    for each, _ in fetched(store, items):
        if each.key == "large":
            assert "large" not in store.opened


@pytest.mark.parametrize("refusal", [ObjectChanged("gone"), ObjectUnreadable("AccessDenied")])
def test_what_s3_says_against_an_object_is_raised_when_it_is_opened(refusal: Exception) -> None:
    store = Store({"bad": refusal, "good": b"1"})
    found = {each.key: open_it for each, open_it in fetched(store, [item("bad", 1), item("good", 1)])}
    assert found["good"]().body.read(9) == b"1"
    with pytest.raises(type(refusal)):
        found["bad"]()


def test_a_connection_that_breaks_ends_the_reading() -> None:
    store = Store({"a": OSError("connection reset"), "b": b"1"})
    with pytest.raises(OSError, match="connection reset"):
        list(fetched(store, [item("a", 1), item("b", 1)]))


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    store = Store({f"{number:03}": b"x" for number in range(100)})
    objects = fetched(store, list(store.list_objects()))
    next(objects)
    objects.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]
    assert len(store.opened) < 40
