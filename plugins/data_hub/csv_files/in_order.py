"""Work on a stream of items in threads; the results come in the items' order."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

THREADS = min(max(os.cpu_count() or 2, 2), 8)
# Items that are worked on, wait for it, or wait to be taken.
AHEAD = 4 * THREADS
Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(work: Callable[[Item], Result], items: Iterator[Item]) -> Iterator[Result]:
    """Yield what the work makes of each item.

    A single item is worked on without a thread. What the work or the items raise comes after the results before it.
    """
    stream = _Stream(items)
    first = list(zip(range(2), stream, strict=False))
    if len(first) < 2:
        for _, item in first:
            yield work(item)
    else:
        yield from _in_threads(work, chain((item for _, item in first), stream))
    if stream.failure is not None:
        raise stream.failure


def _in_threads(work: Callable[[Item], Result], items: Iterator[Item]) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="csv-reader") as pool:
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) >= AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


class _Stream(Iterator[Item]):
    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self.failure: Exception | None = None

    def __next__(self) -> Item:
        try:
            return next(self._items)
        except StopIteration:
            raise
        except Exception as error:  # noqa: BLE001  (raised when its turn comes)
            self.failure = error
            raise StopIteration from None
