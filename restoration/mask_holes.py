"""Holes in a mask: what a mark encloses, and is small against it, is of the mark."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_EVEN_ODDS = 128
_LEAST = 100  # pixels; marks that are smaller have their holes left
_SMALL = 30  # pixels
_SMALL_SHARE = 0.05  # of the mark's


def without_holes(mask: Plane) -> Plane:
    """Return a plane (H, W) uint8 of a mask, small holes in its marks filled.

    What is filled is as likely as what lies above it.
    """
    found = (mask >= _EVEN_ODDS).astype(np.uint8)
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    sizes = boxes[:, cv2.CC_STAT_AREA]
    if len(sizes) < 2 or sizes[1:].max() <= _LEAST:
        return mask
    _, gaps, around, _ = cv2.connectedComponentsWithStats(1 - found, connectivity=4)
    filled = mask.copy()
    height, width = mask.shape
    for gap, (left, top, across, down, area) in enumerate(around):
        if gap == 0 or 0 in (left, top) or left + across == width or top + down == height:
            continue
        rows, columns = slice(top, top + down), slice(left, left + across)
        hole = gaps[rows, columns] == gap
        above = top - 1, left + int(np.argmax(hole[0]))
        size = sizes[marks[above]]
        if size > _LEAST and area < max(_SMALL, _SMALL_SHARE * size):
            filled[rows, columns][hole] = mask[above]
    return filled
