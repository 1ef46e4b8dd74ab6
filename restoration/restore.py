"""What the mask marks, filled with what neighbouring frames show there; all else left as it is."""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, luma_of
from reelfix.restoration.fill import filling
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import neighbours_of, repeats_in

DAMAGED = 128
"""Least probability, in 1/255, at which a pixel counts as damaged."""


def restore_damage(
    frames: torch.Tensor, mask: torch.Tensor, motion: Motion, core: slice, *, strength: float = 1.0
) -> torch.Tensor:
    """Return `frames[core]` with the damage that `mask` marks repaired.

    `frames` float32 (T, C, H, W) in [0, 1]; `mask` uint8 (T, 2, H, W), see `detect`; `motion` of the same
    frames, neighbours.REACH more than the core on either side where the shot has them. Outside the mask the
    result has the frames' own bits; `strength` blends the repair in, 0 is the identity.
    """
    images = as_array(frames)
    damaged: Plane = np.greater_equal(as_array(mask), DAMAGED)  # Tx2xHxW
    hurt: Plane = np.any(damaged, axis=1)  # TxHxW
    repeats = repeats_in(map_frames(luma_of, list(images)))

    def repaired(t: int) -> Image:
        if strength == 0 or not hurt[t].any():
            return np.asarray(images[t])
        fill = filling(images, damaged, neighbours_of(repeats, motion, t), t)
        share = _feather(hurt[t]) * np.float32(strength)
        mixed = images[t] + (np.clip(fill, 0, 1) - images[t]) * share
        return np.asarray(np.where(hurt[t], mixed, images[t]))

    wanted = range(*core.indices(len(images)))
    return torch.from_numpy(np.stack(map_frames(repaired, wanted))).to(frames.device)


def _feather(damaged: Plane) -> Plane:
    """Share of the repair (H, W): a half on the mask's rim, whole from the second pixel in."""
    depth = cv2.distanceTransform(damaged.astype(np.uint8), cv2.DIST_L1, 3)
    return np.asarray(np.clip(depth * 0.5, 0, 1), dtype=np.float32)
