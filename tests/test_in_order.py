import threading
from collections.abc import Iterator

import pytest

from data_hub.csv_files import in_order


def numbers(count: int, failure: Exception | None = None) -> Iterator[int]:
    yield from range(count)
    if failure:
        raise failure


def test_results_come_in_the_items_order() -> None:
    assert list(in_order.mapped(lambda number: number * 2, numbers(50))) == list(range(0, 100, 2))


def test_one_item_needs_no_thread() -> None:
    assert list(in_order.mapped(lambda _: threading.current_thread(), numbers(1))) == [threading.current_thread()]
    assert list(in_order.mapped(lambda _: threading.current_thread(), numbers(0))) == []


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_a_failure_comes_after_the_results_before_it(count: int) -> None:
    results = in_order.mapped(str, numbers(count, ConnectionResetError("lost")))
    assert [next(results) for _ in range(count)] == [str(number) for number in range(count)]
    with pytest.raises(ConnectionResetError):
        next(results)


def test_a_failure_of_the_work_comes_in_its_turn() -> None:
    def work(number: int) -> int:
        return 10 // (3 - number)

    results = in_order.mapped(work, numbers(9))
    assert [next(results) for _ in range(3)] == [3, 5, 10]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_few_items_are_read_ahead_and_no_thread_is_left() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_order.mapped(str, items())
    assert next(results) == "0"
    assert len(taken) <= in_order.AHEAD + 1
    results.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("csv-reader")]
