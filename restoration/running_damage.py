"""What stays for many frames, in every frame of a window: running scratches, and hairs stuck in the gate."""

from collections.abc import Sequence

import numpy as np

from reelfix.restoration import gate_hairs, scratch
from reelfix.restoration.arrays import Plane
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.line_strips import is_too_small, line_strip
from reelfix.restoration.motion import Motion
from reelfix.restoration.scene_motion import scene_step

REACH = max(scratch.REACH, gate_hairs.REACH)
"""Frames to either side that what is found in one depends on."""


def running_damage(
    lumas: Sequence[Plane], repeats: list[bool], motion: Motion, wanted: range, strength: float
) -> list[Plane]:
    """Probability (H, W) uint8, 255 = 1, that a pixel is under a scratch or a hair in the gate.

    128 and above: it is. One plane for each of the `wanted` frames. `lumas`: float32 (H, W) of all frames in
    the window, which has REACH more on either side of the wanted ones where the shot has them; `motion` of
    the same frames; `repeats`: see `neighbours.repeats_in`; `strength` in (0, 1]: with a half, damage must
    stand out twice as far.
    """
    height, width = lumas[0].shape
    if is_too_small((height, width)) or len(lumas) < 2:
        return [np.zeros((height, width), np.uint8) for _ in wanted]
    strips = dict(enumerate(map_frames(line_strip, lumas)))
    details = map_frames(gate_hairs.detail_of, lumas)
    ways = [(t, way) for t in range(len(lumas)) for way in (-1, 1)]
    steps = dict(zip(ways, map_frames(lambda at: scene_step(motion, *at), ways), strict=True))
    scratches = scratch.scratch_probability(strips, steps, repeats, wanted, (height, width), strength)

    def hairs(t: int) -> Plane:
        others = scratch.other_pictures(repeats, t, gate_hairs.REACH)
        return gate_hairs.gate_hairs(details, steps, lumas[t], t, others, strength)

    return [np.maximum(*pair) for pair in zip(scratches, map_frames(hairs, wanted), strict=True)]
