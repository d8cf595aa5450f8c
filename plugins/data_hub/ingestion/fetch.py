"""Objects fetched ahead: of small ones the way to S3 and back takes longest, so several are under way at a time."""

import io
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from data_hub.ingestion.objects import (
    HashingBody,
    ObjectChanged,
    ObjectStore,
    ObjectUnreadable,
    OpenObject,
    SourceObject,
)

SMALL_BYTES = 4 << 20
FETCHERS = 8
FETCHED_AHEAD = 16

Opener = Callable[[], OpenObject]


def fetched(store: ObjectStore, items: Sequence[SourceObject]) -> Generator[tuple[SourceObject, Opener], None, None]:
    """Yield objects in order, each with what opens it, as often as one likes.

    Small objects are in memory by then, at most 64 MB of them; others are opened when they are asked for. What S3 says
    against an object is raised when it is opened.
    """
    ahead: deque[tuple[SourceObject, Future[Opener] | None]] = deque()
    pool = ThreadPoolExecutor(FETCHERS, "fetch")
    try:
        for item in items:
            is_small = item.size <= SMALL_BYTES and len(items) > 1
            ahead.append((item, pool.submit(_fetch, store, item) if is_small else None))
            if len(ahead) > FETCHED_AHEAD:
                yield _opener(store, *ahead.popleft())
        while ahead:
            yield _opener(store, *ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _opener(store: ObjectStore, item: SourceObject, fetch: Future[Opener] | None) -> tuple[SourceObject, Opener]:
    return item, fetch.result() if fetch else partial(store.open, item)


def _fetch(store: ObjectStore, item: SourceObject) -> Opener:
    try:
        opened = store.open(item)
    except (ObjectChanged, ObjectUnreadable) as error:
        return partial(_refuse, error)
    content = bytearray()
    while chunk := opened.body.read(1 << 20):
        content += chunk
    return partial(_open_copy, bytes(content), opened.version_id)


def _open_copy(content: bytes, version_id: str | None) -> OpenObject:
    return OpenObject(HashingBody(io.BytesIO(content)), version_id)


def _refuse(error: Exception) -> OpenObject:
    raise error
