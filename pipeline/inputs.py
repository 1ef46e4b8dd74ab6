"""Reading what a task reads: products as stored, a window at a time, each frame once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reelfix.pipeline.colour_guide_frames import GuideFrames
from reelfix.pipeline.film_colours_frames import FilmColoursFrames
from reelfix.pipeline.plan import SOURCE, USER, Input, Task
from reelfix.pipeline.products import PRODUCTS, Arrays, ProductStore
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.source_frames import SourceFrames
from reelfix.pipeline.user_masks import UserMaskFrames


class FrameRange(Protocol):
    """Something that gives the arrays of frames `[start, stop)`, counted from the shot's first."""

    def read(self, start: int, stop: int) -> Arrays:
        """Return arrays (T, ...) by name."""
        ...


class StageProduct:
    """A product that an earlier stage made of the shot."""

    def __init__(self, store: ProductStore, names: Iterable[str]) -> None:
        self._store = store
        self._names = tuple(names)

    def read(self, start: int, stop: int) -> Arrays:
        """Return the product's arrays."""
        return {name: self._store.read(name, start, stop) for name in self._names}


_USER_FRAMES: Mapping[str, Callable[[Reel, Shot, str], FrameRange]] = {
    "user_mask": UserMaskFrames,
    "guides": GuideFrames,
    "film_colours": FilmColoursFrames,
}
"""Product that a person supplies -> what reads it."""


def open_input(reel: Reel, task: Task, source: Input) -> FrameRange:
    """Open one product that `task` reads."""
    if source.stage == SOURCE:
        return SourceFrames(reel, task.shot)
    if source.stage == USER:
        return _USER_FRAMES[source.product](reel, task.shot, source.key)
    store = ProductStore.open(reel.product_folder(source.stage, source.key, task.shot))
    return StageProduct(store, (spec.name for spec in PRODUCTS[source.product].arrays(task.clip)))


class SlidingWindow:
    """Reads windows that move forward, keeping the frames that the next one shares with the last."""

    def __init__(self, frames: FrameRange) -> None:
        self._frames = frames
        self._start = 0
        self._held: Arrays = {}

    def read(self, start: int, stop: int) -> Arrays:
        """Return arrays of frames `[start, stop)`."""
        held = len(next(iter(self._held.values()))) if self._held else 0
        kept_from = max(start - self._start, 0)
        if self._start <= start < self._start + held <= stop:
            fresh = self._frames.read(self._start + held, stop) if self._start + held < stop else None
            self._held = {
                name: _joined(values[kept_from:], fresh, name) for name, values in self._held.items()
            }
        else:
            self._held = self._frames.read(start, stop)
        self._start = start
        return self._held


def _joined(kept: npt.NDArray[Any], fresh: Arrays | None, name: str) -> npt.NDArray[Any]:
    return kept if fresh is None else np.concatenate([kept, fresh[name]])
