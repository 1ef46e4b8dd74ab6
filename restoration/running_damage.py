"""What stays for many frames, in every frame of a window: running scratches, and hairs stuck in the gate."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from reelfix.restoration import gate_hairs, scratch
from reelfix.restoration.arrays import Plane
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.gate_hairs import Detail
from reelfix.restoration.line_strips import LineStrip, is_too_small, line_strip
from reelfix.restoration.motion import Motion
from reelfix.restoration.scene_motion import SceneStep, scene_step
from reelfix.restoration.scratch_odds import Odds, trained_odds

REACH = max(scratch.REACH, gate_hairs.REACH)
"""Frames to either side that what is found in one depends on."""

_BESIDE = 17  # pixels across


@dataclass(frozen=True)
class Seen:
    """What was made of the frames of a shot, by their number in it, for the windows that overlap.

    Each is made of a frame's own neighbourhood alone, so that it does not matter in which window.
    """

    strips: MutableMapping[int, LineStrip] = field(default_factory=dict)
    details: MutableMapping[int, Detail] = field(default_factory=dict)
    steps: MutableMapping[tuple[int, int], SceneStep] = field(default_factory=dict)
    scratches: scratch.Known = field(default_factory=scratch.Known)

    def forget(self, before: int) -> None:
        """Drop what is of frames before this one."""
        by_frame: tuple[MutableMapping[int, Any], ...] = (
            self.strips,
            self.details,
            self.scratches.doubts,
            self.scratches.courses,
        )
        for made in by_frame:
            for t in [t for t in made if t < before]:
                del made[t]
        for way in [way for way in self.steps if way[0] < before]:
            del self.steps[way]


def running_damage(
    lumas: Sequence[Plane],
    repeats: list[bool],
    motion: Motion,
    wanted: range,
    strength: float,
    *,
    first: int = 0,
    seen: Seen | None = None,
    odds: Odds | None = None,
) -> list[Plane]:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a scratch or a hair in the gate.

    128 and above: it is. One plane for each of the `wanted` frames. `lumas`: float32 (H, W) of all frames in
    the window, which has REACH more on either side of the wanted ones where the shot has them; `motion` of
    the same frames; `repeats`: see `neighbours.repeats_in`; `strength` in (0, 1]: with a half, damage must
    stand out twice as far. `first`: number in the shot of the window's first frame; `seen`: of windows of
    the same shot before, with the same `strength`.
    """
    height, width = lumas[0].shape
    if is_too_small((height, width)) or len(lumas) < 2:
        return [np.zeros((height, width), np.uint8) for _ in wanted]
    seen = seen if seen is not None else Seen()
    odds = odds if odds is not None else trained_odds()
    frames = range(first, first + len(lumas))
    seen.forget(frames.start)
    _look(seen, lumas, motion, frames)
    others = {t: scratch.other_pictures(repeats, t - first, gate_hairs.REACH) for t in frames}
    near = {t: [first + u for u in others[t] if abs(first + u - t) <= scratch.COMPARED] for t in frames}
    scene = scratch.Scene(seen.strips, seen.steps, near, (height, width))
    numbers = range(first + wanted.start, first + wanted.stop)
    scratches = scratch.scratch_probability(scene, numbers, strength, odds, seen.scratches)
    details = [seen.details[t] for t in frames]
    steps = _in_window(seen.steps, frames)

    def hairs(t: int) -> Plane:
        found = gate_hairs.gate_hairs(details, steps, lumas[t], t, others[first + t], strength)
        # Where a scratch is, how wide it is has been measured, and its traces beside it are no hairs.
        found[cv2.dilate(scratches[t - wanted.start], np.ones((1, _BESIDE), np.uint8)) >= 128] = 0
        return found

    return [np.maximum(*pair) for pair in zip(scratches, map_frames(hairs, wanted), strict=True)]


def _look(seen: Seen, lumas: Sequence[Plane], motion: Motion, frames: range) -> None:
    new = [t for t in frames if t not in seen.strips]
    seen.strips.update(zip(new, map_frames(lambda t: line_strip(lumas[t - frames.start]), new), strict=True))
    new = [t for t in frames if t not in seen.details]
    made = map_frames(lambda t: gate_hairs.detail_of(lumas[t - frames.start]), new)
    seen.details.update(zip(new, made, strict=True))
    # At the window's ends, the motion out of it is not known.
    ways = [(t, way) for t in frames for way in (-1, 1) if t + way in frames and (t, way) not in seen.steps]
    steps = map_frames(lambda at: scene_step(motion, at[0] - frames.start, at[1]), ways)
    seen.steps.update(zip(ways, steps, strict=True))


def _in_window(steps: Mapping[tuple[int, int], SceneStep], frames: range) -> dict[tuple[int, int], SceneStep]:
    return {(t - frames.start, way): steps[t, way] for t in frames for way in (-1, 1) if (t, way) in steps}
