"""What is around a frame in time, brought to its place: what the mapping sees besides it."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Motion, picture_maps
from reelfix.restoration.triplet.compact import CELL

NEIGHBOUR_STEPS = (-1, -2, 1, 2)
"""The frames looked at, counted from the frame itself: `compact.NEIGHBOURS` of them, in the net's order."""


def neighbours_along(
    lumas: Sequence[Plane], motion: Motion, frame: int, steps: Sequence[int] = NEIGHBOUR_STEPS
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring the frames `steps` away from `frame` to its place.

    `lumas`: float32 (H, W), one for each frame of `motion`. Returns the neighbours (len(steps), H, W) and how
    far each can be believed, (len(steps), ceil(H / 4), ceil(W / 4)) in [0, 1]; a neighbour that there is not
    is the frame itself, with 0. Cubic interpolation.
    """
    height, width = lumas[frame].shape
    cells = (-(-width // CELL), -(-height // CELL))
    there = [step for step in steps if 0 <= frame + step < len(lumas)]
    flows = motion.flows(frame, there)
    views, trusts = [], []
    for step in steps:
        if step not in flows:
            views.append(lumas[frame])
            trusts.append(np.zeros(cells[::-1], np.float32))
            continue
        flow, confidence = flows[step]
        map_x, map_y = picture_maps(flow, height, width)
        other = lumas[frame + step]
        views.append(cv2.remap(other, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        trusts.append(cell_means(confidence, cells))
    return torch.from_numpy(np.stack(views)), torch.from_numpy(np.stack(trusts))


def cell_means(confidence: Plane, cells: tuple[int, int]) -> Plane:
    """Mean over 2 x 2 points of the half-size grid, (h, w), to `cells` (width, height); odd edges repeat."""
    down, right = 2 * cells[1] - confidence.shape[0], 2 * cells[0] - confidence.shape[1]
    if down or right:
        confidence = cv2.copyMakeBorder(confidence, 0, down, 0, right, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(confidence, cells, interpolation=cv2.INTER_AREA), dtype=np.float32)
