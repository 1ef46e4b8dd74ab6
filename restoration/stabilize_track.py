"""The measured steps of a shot, frame by frame, as a stage makes them and as the path is made from them."""

import torch

from reelfix.restoration.arrays import as_array, luma_of
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.stabilize_measure import (
    NO_STEP,
    FrameStep,
    TrackedFrame,
    measure_step,
    prepare_frame,
)
from reelfix.restoration.stabilize_path import LONG, Steps

SPANS = (1, LONG)
"""Frames that the steps measured from each frame go over."""
VALUES = 5
"""Of a step: x and y in shares of the picture's width, angle in radians, log of the scale, confidence."""


class Tracker:
    """Measures the steps of a shot's frames window by window, each pair of frames once.

    Holds what depends on a frame and its LONG followers alone, and drops what lies behind.
    """

    def __init__(self) -> None:
        self._prepared: dict[int, TrackedFrame] = {}
        self._short: dict[int, FrameStep] = {}

    def track(self, frames: torch.Tensor, first: int, core: slice) -> torch.Tensor:
        """Return the steps of `frames[core]`, float32 (T, 2, 5): spans as in SPANS, values as in VALUES.

        `frames` is float32 (T, C, H, W) in [0, 1], its first the shot's frame number `first`, with LONG
        frames beyond the core or as many as the shot has. A step beyond the shot's end has confidence 0.
        """
        wanted = range(*core.indices(len(frames)))
        last = first + len(frames)
        begin = first + wanted.start
        for kept in (self._prepared, self._short):
            for number in [number for number in kept if number < begin or number >= last]:
                del kept[number]
        missing = [t for t in range(begin, last) if t not in self._prepared]
        images = {t: as_array(frames[t - first]) for t in missing}
        prepared = map_frames(lambda t: prepare_frame(luma_of(images[t])), missing)
        self._prepared.update(zip(missing, prepared, strict=True))
        pairs = [t for t in range(begin, last - 1) if t not in self._short]
        steps = map_frames(lambda t: measure_step(self._prepared[t], self._prepared[t + 1]), pairs)
        self._short.update(zip(pairs, steps, strict=True))
        numbers = [first + index for index in wanted]
        far = map_frames(lambda t: self._long(t, last), numbers)
        width = frames.shape[-1]
        rows = [
            [_values(self._short.get(t, NO_STEP), width), _values(step, width)]
            for t, step in zip(numbers, far, strict=True)
        ]
        return torch.tensor(rows, dtype=torch.float32).reshape(-1, len(SPANS), VALUES)

    def _long(self, frame: int, last: int) -> FrameStep:
        if frame + LONG >= last:
            return NO_STEP
        between = [self._short[t].shift for t in range(frame, frame + LONG)]
        guess = FrameStep((sum(x for x, _ in between), sum(y for _, y in between)), 0.0, 0.0, 1.0)
        return measure_step(self._prepared[frame], self._prepared[frame + LONG], guess)


def _values(step: FrameStep, width: int) -> list[float]:
    return [step.shift[0] / width, step.shift[1] / width, step.angle, step.scale, step.confidence]


def steps_of(track: torch.Tensor) -> tuple[Steps, ...]:
    """Return the steps of a whole shot from its track (T, 2, 5)."""
    values = track.detach().cpu().double().numpy()
    return tuple(
        Steps(span, values[:, index, : VALUES - 1].copy(), values[:, index, VALUES - 1].copy())
        for index, span in enumerate(SPANS)
    )
