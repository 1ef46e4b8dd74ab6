"""Blotches: connected spikes, judged together, and sums over them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.components import components

_LARGEST = 0.12  # share of the picture that one blotch may cover
_MOST = 60000  # blotches in a frame: labels are 16 bits wide

Values = npt.NDArray[np.float64]
"""One number for each blotch, (n,), or a row of it for each piece of evidence, (k, n)."""


@dataclass(frozen=True)
class Blotches:
    """Connected regions of spikes."""

    labels: Plane
    """uint16 (H, W): 0 for none, else the blotch's number from 1."""
    boxes: npt.NDArray[np.int32]
    """Left, top, width, height and area of each, (n, 5)."""
    body: Plane
    """uint8 (H, W): 1 for every spike, blotch or not."""

    @property
    def count(self) -> int:
        """Number of blotches n."""
        return len(self.boxes)


def find_blotches(score: Plane, *, body: float) -> Blotches:
    """Find regions (of 8 neighbours) where `score` (H, W) exceeds `body`, and somewhere 1."""
    spikes = (score > body).astype(np.uint8)
    labels, stats = components(spikes)
    area = stats[:, cv2.CC_STAT_AREA]
    kept = np.zeros(len(area), np.bool_)
    kept[labels[score > 1]] = True
    kept &= (area >= 2) & (area < max(_LARGEST * score.size, 8))
    kept[0] = False
    kept &= np.cumsum(kept) <= _MOST
    number = np.where(kept, np.cumsum(kept), 0).astype(np.uint16)
    return Blotches(number[labels], stats[kept].astype(np.int32), spikes)


class Region:
    """The pixels of each blotch, or of the rings about them, for sums over them."""

    def __init__(self, labels: Plane, count: int) -> None:
        self._place = np.flatnonzero(labels > 0)
        self._number = labels.ravel()[self._place].astype(np.intp) - 1
        self._count = count
        self._area = np.maximum(np.bincount(self._number, minlength=count), 1)

    def mean(self, plane: Plane) -> Values:
        """Mean of a plane (H, W) over each region, (n,)."""
        sums = np.bincount(self._number, plane.ravel()[self._place], minlength=self._count)
        return np.asarray(sums / self._area, dtype=np.float64)

    def peaks(self, plane: Plane) -> npt.NDArray[np.intp]:
        """Where in the flattened plane (H, W) each region has its largest value, (n,)."""
        found = np.zeros(self._count, np.intp)
        rising = np.argsort(plane.ravel()[self._place], kind="stable")
        found[self._number[rising]] = self._place[rising]
        return found
