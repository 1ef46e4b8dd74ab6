"""Take items from an iterator a little ahead of their use, on a thread of its own."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """Yield the items in order while up to `depth` further ones are made on a thread.

    An exception of `items` is raised here, in its place. When the consumer stops early, at most the item
    being made is waited for.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        pending: deque[Future[T | object]] = deque()
        try:
            for _ in range(depth + 1):
                pending.append(pool.submit(next, source, _END))
            while True:
                item = pending.popleft().result()
                if item is _END:
                    return
                pending.append(pool.submit(next, source, _END))
                yield item  # type: ignore[misc]
        finally:
            for future in pending:
                future.cancel()
