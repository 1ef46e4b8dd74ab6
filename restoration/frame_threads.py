"""One function over many frames, on a few threads, the results in order."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_frames(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply `function` to each item (a frame, a pair), as many at a time as torch has threads.

    A frame's result must not depend on the others': then it does not depend on the number of threads either.
    """
    threads = torch.get_num_threads()
    pending = list(items)
    if threads == 1 or len(pending) < 2:
        return [function(item) for item in pending]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(function, pending))
