import threading
from collections.abc import Iterator

import pytest

from reelfix.pipeline.ahead import ahead


def test_keeps_the_order() -> None:
    assert list(ahead(range(7), depth=2)) == list(range(7))


def test_an_empty_iterator_gives_nothing() -> None:
    assert list(ahead([])) == []


def test_an_exception_comes_in_its_place() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    taken = ahead(broken())
    assert next(taken) == 1
    with pytest.raises(OSError, match="no more"):
        next(taken)


def test_makes_no_more_than_its_depth_beyond_what_was_taken() -> None:
    made: list[int] = []
    third = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 2:
                third.set()
            yield number

    taken = ahead(numbers(), depth=1)
    next(taken)
    assert third.wait(5)
    taken.close()  # type: ignore[attr-defined]
    assert max(made) <= 3


def test_items_are_made_on_another_thread() -> None:
    threads = list(ahead(threading.get_ident() for _ in range(1)))
    assert threads[0] != threading.get_ident()
