"""What the mask marks, filled with what neighbouring frames show there; all else left as it is."""

from itertools import pairwise

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, half_size, luma_of
from reelfix.restoration.fill import filling
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import REACH, distinct_steps, repeats_in
from reelfix.restoration.regions import regions_of
from reelfix.restoration.sources import Clip

DAMAGED = 128
"""Least probability, in 1/255, at which a pixel counts as damaged."""

_ROUNDS = (1, 2, REACH)  # frames each way that are looked in, at first and then


def restore_damage(
    frames: torch.Tensor,
    mask: torch.Tensor,
    motion: Motion,
    core: slice,
    *,
    strength: float = 1.0,
    start: int = 0,
) -> torch.Tensor:
    """Return `frames[core]` with the damage that `mask` marks repaired.

    `frames` float32 (T, C, H, W) in [0, 1], the first of them the shot's frame number `start`; `mask` uint8
    (T, 2, H, W), see `detect`; `motion` of the same frames, one more than neighbours.REACH beyond the core
    on either side where the shot has them. Outside the mask the result has the frames' own bits; `strength`
    blends the repair in, 0 is the identity.
    """
    images = as_array(frames)
    damaged: Plane = np.greater_equal(as_array(mask), DAMAGED)  # Tx2xHxW
    hidden: Plane = np.where(damaged.any(axis=1), np.uint8(255), np.uint8(0))  # TxHxW
    lumas = map_frames(luma_of, list(images))
    repeats = repeats_in(lumas)
    clip = Clip(
        images, damaged, hidden, map_frames(half_size, lumas), map_frames(_half_hidden, hidden), motion
    )

    def repaired(t: int) -> Image:
        if strength == 0 or not hidden[t].any():
            return np.asarray(images[t])
        result = images[t].copy()
        rounds = _rounds(repeats, t)
        for region in regions_of(hidden[t] > 0):
            fill = np.clip(filling(clip, t, region, rounds, start + t), 0, 1)
            here = result[:, region.rows, region.columns]
            np.copyto(here, here + (fill - here) * np.float32(strength), where=region.mine)
        return np.asarray(result)

    wanted = range(*core.indices(len(images)))
    return torch.from_numpy(np.stack(map_frames(repaired, wanted))).to(frames.device)


def _rounds(repeats: list[bool], frame: int) -> list[list[int]]:
    """Steps to other pictures: first to the nearest on either side, then to those beyond them."""
    before, after = distinct_steps(repeats, frame, REACH)
    spans = pairwise([0, *_ROUNDS])
    rounds = [before[first:last] + after[first:last] for first, last in spans]
    return [steps for steps in rounds if steps]


def _half_hidden(hidden: Plane) -> Plane:
    """uint8 (H, W) to (ceil(H / 2), ceil(W / 2)): the highest of 2 x 2 pixels."""
    lowered = cv2.dilate(hidden, np.ones((2, 2), np.uint8), anchor=(0, 0))
    return np.ascontiguousarray(lowered[::2, ::2])
