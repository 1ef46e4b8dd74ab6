"""Damage found: two probability maps a frame, dirt (in one frame) and running scratches (in many)."""

import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.blotch_evidence import VIEWS, scene_of
from reelfix.restoration.dirt import dirt_probability
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import neighbours_of, repeats_in
from reelfix.restoration.running_damage import Seen, running_damage

_EACH_WAY = 3  # neighbours looked for before a frame, and after it


def detect_damage(
    frames: torch.Tensor,
    motion: Motion,
    core: slice,
    *,
    strength: float = 1.0,
    dirt: bool = True,
    scratches: bool = True,
    first: int = 0,
    seen: Seen | None = None,
) -> torch.Tensor:
    """Return the masks of `frames[core]`: uint8 (T, 2, H, W), planes dirt and scratch, probability times 255.

    `frames` float32 (T, C, H, W) in [0, 1], with REACH more on either side of the core where the shot has
    them (`neighbours.REACH`, and `running_damage.REACH` for scratches); `motion` of the same frames. 128 and
    above means damaged. `strength` 0 finds nothing. `first`: number in the shot of the first of `frames`;
    `seen`: what was made of windows of the same shot before.
    """
    images = as_array(frames)
    wanted = range(*core.indices(len(images)))
    height, width = images.shape[2:]
    if strength == 0:
        return torch.zeros((len(wanted), 2, height, width), dtype=torch.uint8, device=frames.device)
    lumas = map_frames(luma_of, list(images))
    repeats = repeats_in(lumas)
    running = (
        running_damage(lumas, repeats, motion, wanted, strength, first=first, seen=seen) if scratches else []
    )

    def masks(t: int) -> Plane:
        planes = np.zeros((2, height, width), np.uint8)
        if scratches:
            planes[1] = running[t - wanted.start]
        if dirt:
            neighbours = neighbours_of(repeats, motion, t, _EACH_WAY)
            planes[0] = dirt_probability(scene_of(lumas, neighbours[:VIEWS], t), strength)
        return planes

    return torch.from_numpy(np.stack(map_frames(masks, wanted))).to(frames.device)
