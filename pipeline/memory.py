"""Staying within a GPU's memory: smaller windows, then a clear failure."""

from collections.abc import Collection
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch

from reelfix.pipeline.stage import Process, Products, Window


def process_within_memory(
    process: Process, window: Window, handle: int, carries: Collection[str] = ()
) -> Products:
    """Run a stage on a window; where the GPU runs out of memory, on its halves, down to one frame.

    The bytes are the same: a frame's result depends on its handles and on what is carried to it alone.
    `carries`: names of what the first half hands on to the second. Raises torch.cuda.OutOfMemoryError where a
    single frame does not fit.
    """
    try:
        with torch.inference_mode():
            return process(window)
    except torch.cuda.OutOfMemoryError:
        if window.stop - window.start == 1:
            raise
    torch.cuda.empty_cache()
    middle = (window.start + window.stop) // 2
    first = process_within_memory(process, narrowed(window, window.start, middle, handle), handle, carries)
    rest = replace(
        narrowed(window, middle, window.stop, handle), carried={name: first[name] for name in carries}
    )
    last = process_within_memory(process, rest, handle, carries)
    return {
        name: last[name] if name in carries else _map(torch.cat, [first[name], last[name]]) for name in last
    }


def narrowed(window: Window, start: int, stop: int, handle: int) -> Window:
    """Return the window cut down to `[start, stop)` and its handles."""
    first = max(start - handle, window.start - window.lead)
    last = min(stop + handle, window.stop + window.tail)
    origin = window.start - window.lead
    kept = slice(first - origin, last - origin)
    products = {
        name: value if name in window.whole else _map(lambda tensors: tensors[0][kept], [value])
        for name, value in window.products.items()
    }
    return replace(window, products=products, start=start, stop=stop, lead=start - first, tail=last - stop)


def _map(function: Any, values: list[Any]) -> Any:
    """Apply `function` to a list of tensors, or field by field to a list of one dataclass of tensors."""
    first = values[0]
    if is_dataclass(first) and not isinstance(first, type):
        names = [field.name for field in fields(first)]
        return type(first)(**{name: function([getattr(value, name) for value in values]) for name in names})
    return function(values)
