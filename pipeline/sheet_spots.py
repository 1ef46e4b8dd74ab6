"""Where a shot changed most, in time and place: what its contact sheet shows close up."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

_SPOT = 9
"""Pixels, of 240 across, over which a change is averaged: the size of what is shown close up."""
_LEAST = 0.01
"""Change (of the peak) over a spot below which there is nothing to look at."""
_APART_FRAMES, _APART = 12, 0.15
"""Two spots nearer than this, in frames and in widths of the picture, show the same thing."""


@dataclass(frozen=True)
class Spot:
    """A place that changed."""

    frame: int
    """Counted from the shot's first."""
    x: float
    """Across and down the picture, 0 to 1."""
    y: float
    change: float
    """Mean change about it, without what is expected of the whole frame, in [0, 1]."""


def strongest_spots(frame: int, change: npt.NDArray[np.float32], count: int = 3) -> list[Spot]:
    """Return up to `count` places of one frame where its change (h, w), in [0, 1], is strongest."""
    strength = cv2.blur(change, (_SPOT, _SPOT))
    height, width = strength.shape
    spots = []
    for _ in range(count):
        _, most, _, (column, row) = cv2.minMaxLoc(strength)
        if most < _LEAST:
            break
        spots.append(Spot(frame, (column + 0.5) / width, (row + 0.5) / height, float(most)))
        reach = round(_APART * width)
        strength[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = 0
    return spots


def pick_spots(spots: Iterable[Spot], count: int) -> list[Spot]:
    """Return the strongest `count` spots that show different things, in the order of time."""
    picked: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (-spot.change, spot.frame)):
        if len(picked) == count:
            break
        if not any(_same(spot, other) for other in picked):
            picked.append(spot)
    return sorted(picked, key=lambda spot: (spot.frame, spot.x))


def _same(spot: Spot, other: Spot) -> bool:
    is_near = max(abs(spot.x - other.x), abs(spot.y - other.y)) < _APART
    return is_near and abs(spot.frame - other.frame) < _APART_FRAMES
