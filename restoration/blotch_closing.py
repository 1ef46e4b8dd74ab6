"""Large blotches made whole: a splash of many tones has cracks and holes where it looks as the scene does."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.components import components

_DENSE = 0.5  # share of damage around a pixel that makes it part of a large blotch
_WIDTH = 720  # of a picture for which the sides below, in pixels, hold
_AROUND = 15  # side of the surroundings in which that share is taken
_CRACK = 9  # widest crack that is closed
_CORE = 250  # smallest dense area, in pixels
_LIKELY = 64  # probability that is enough at a large blotch
_HOLE = 0.15  # largest hole that is filled, as a share of the blotch's area
_FILLED = 160  # probability that is given to what is closed


def close_blotches(probability: Plane) -> Plane:
    """Return `probability` (H, W) uint8, 128 and above being damage, with large blotches closed.

    At what is large or dense, less likely pixels are damage too, cracks are closed, and holes filled. Marks
    that stand by themselves are left as they are.
    """
    damaged = (probability >= 128).astype(np.uint8)
    scale = max(probability.shape[1] / _WIDTH, 0.5)
    around, crack = (2 * round(side * scale / 2) + 1 for side in (_AROUND - 1, _CRACK - 1))
    if np.count_nonzero(damaged) < _CORE:
        return probability
    dense = cv2.blur(damaged * np.uint8(200), (around, around)) >= 200 * _DENSE
    core = _of_area(dense.astype(np.uint8), _CORE * scale * scale)
    if not core.any():
        return probability
    near = cv2.dilate(core, np.ones((around, around), np.uint8))
    part = np.where(near > 0, probability >= _LIKELY, False).astype(np.uint8)
    closed = cv2.morphologyEx(
        part, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (crack, crack))
    )
    closed = _without_holes(_touching(np.maximum(np.minimum(closed, near), damaged), core))
    return np.where((closed > 0) & (probability < 128), np.uint8(_FILLED), probability)


def _of_area(mask: Plane, least: float) -> Plane:
    labels, stats = components(mask)
    kept = stats[:, cv2.CC_STAT_AREA] >= least
    kept[0] = False
    return np.asarray(kept.astype(np.uint8)[labels])


def _touching(mask: Plane, core: Plane) -> Plane:
    """Regions of `mask` that have a part in `core`."""
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[core > 0]] = 1
    kept[0] = 0
    return np.asarray(kept[labels])


def _without_holes(mask: Plane) -> Plane:
    """Fill what regions enclose, alone or with a side of the picture, where it is small beside them."""
    filled = mask.copy()
    for sides in ((0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
        top, left = sides[0], sides[2]
        height, width = mask.shape
        framed = cv2.copyMakeBorder(filled, *sides, cv2.BORDER_CONSTANT, value=1)
        filled = _filled(framed)[top : top + height, left : left + width]
    return np.ascontiguousarray(filled)


def _filled(mask: Plane) -> Plane:
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for number, contour in enumerate(contours):
        region = tree[0][number][3]
        if region >= 0 and cv2.contourArea(contour) <= _HOLE * cv2.contourArea(contours[region]):
            cv2.drawContours(mask, contours, number, (1,), -1)
    return mask
