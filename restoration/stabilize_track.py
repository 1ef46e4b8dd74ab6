"""The measured steps of a shot, frame by frame, as a stage makes them and as the path is made from them."""

import math
from collections.abc import Sequence

import torch

from reelfix.restoration.arrays import as_array, luma_of
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.stabilize_choice import choose_steps
from reelfix.restoration.stabilize_measure import (
    NO_STEP,
    FrameStep,
    TrackedFrame,
    measure_steps,
    prepare_frame,
)
from reelfix.restoration.stabilize_path import LONG, Steps

SPANS = (1, LONG)
"""Frames that the steps measured from each frame go over."""
MOTIONS = 2
"""Motions of each: what most of the picture does, and what most of the rest does."""
VALUES = 5
"""Of a step: x and y in shares of the picture's width, angle in radians, log of the scale, confidence."""


class Tracker:
    """Measures the steps of a shot's frames window by window, each pair of frames once.

    Holds what depends on a frame and its LONG followers alone, and drops what lies behind.
    """

    def __init__(self) -> None:
        self._prepared: dict[int, TrackedFrame] = {}
        self._short: dict[int, tuple[FrameStep, FrameStep]] = {}

    def track(self, frames: torch.Tensor, first: int, core: slice) -> torch.Tensor:
        """Return the steps of `frames[core]`, float32 (T, 2, 2, 5): spans, motions, values.

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
        steps = map_frames(lambda t: measure_steps(self._prepared[t], self._prepared[t + 1]), pairs)
        self._short.update(zip(pairs, steps, strict=True))
        numbers = [first + index for index in wanted]
        far = map_frames(lambda t: self._long(t, last), numbers)
        width = frames.shape[-1]
        rows = [
            [[_values(step, width) for step in steps] for steps in (self._short.get(t, _UNKNOWN), long)]
            for t, long in zip(numbers, far, strict=True)
        ]
        return torch.tensor(rows, dtype=torch.float32).reshape(-1, len(SPANS), MOTIONS, VALUES)

    def _long(self, frame: int, last: int) -> tuple[FrameStep, FrameStep]:
        """Measure the long step from where the greater motions lead, and from where the slower ones do."""
        if frame + LONG >= last:
            return _UNKNOWN
        between = [self._short[t] for t in range(frame, frame + LONG)]
        pair = self._prepared[frame], self._prepared[frame + LONG]
        found = measure_steps(*pair, _sum([greater for greater, _ in between]))
        slower = [_slower(*steps) for steps in between]
        if all(step is steps[0] for step, steps in zip(slower, between, strict=True)):
            return found
        guess = _sum(slower)
        return found[0], min(measure_steps(*pair, guess), key=lambda step: _off(step, guess))


_UNKNOWN = (NO_STEP, NO_STEP)


def _slower(greater: FrameStep, lesser: FrameStep) -> FrameStep:
    if lesser.confidence > 0 and math.hypot(*lesser.shift) < math.hypot(*greater.shift):
        return lesser
    return greater


def _off(step: FrameStep, guess: FrameStep) -> float:
    """Pixels between a step and what was guessed; a step that is not there is off by more than any."""
    apart = math.hypot(step.shift[0] - guess.shift[0], step.shift[1] - guess.shift[1])
    return apart if step.confidence > 0 else math.inf


def _sum(steps: Sequence[FrameStep]) -> FrameStep:
    return FrameStep(
        (sum(step.shift[0] for step in steps), sum(step.shift[1] for step in steps)), 0.0, 0.0, 1.0
    )


def _values(step: FrameStep, width: int) -> list[float]:
    return [step.shift[0] / width, step.shift[1] / width, step.angle, step.scale, step.confidence]


def steps_of(track: torch.Tensor) -> tuple[Steps, ...]:
    """Return the ground's steps, from the track (T, 2, 2, 5) of a whole shot."""
    values = track.detach().cpu().double().numpy()
    return choose_steps(values[:, 0], values[:, 1])
