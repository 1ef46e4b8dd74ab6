"""Holes in a mask: what a mark encloses, and is small against it, is of the mark."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.components import components

_EVEN_ODDS = 128
_LEAST = 100  # pixels; marks that are smaller have their holes left
_SMALL = 30  # pixels
_SMALL_SHARE = 0.05  # of the mark's
_PARENT = 3  # of a contour, in OpenCV's tree: there where it is a hole's


def without_holes(mask: Plane) -> Plane:
    """Return a plane (H, W) uint8 of a mask, small holes in its marks filled.

    What is filled is as likely as what lies above it.
    """
    found = (mask >= _EVEN_ODDS).astype(np.uint8)
    marks, boxes = components(found)
    sizes = boxes[:, cv2.CC_STAT_AREA]
    if len(sizes) < 2 or sizes[1:].max() <= _LEAST:
        return mask
    contours, tree = cv2.findContours(found, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    holed = [contour for contour, node in zip(contours, tree[0], strict=True) if node[_PARENT] >= 0]
    if not holed:
        return mask
    # The marks about the holes lie within this box, and on its rim.
    left, top, across, down = cv2.boundingRect(np.concatenate(holed))
    box = slice(top, top + down), slice(left, left + across)
    filled = mask.copy()
    _fill(filled[box], mask[box], 1 - found[box], sizes[marks[box]])
    return filled


def _fill(filled: Plane, mask: Plane, outside: Plane, sizes: Plane) -> None:
    """Fill small holes in a part of a mask; `sizes`: of the mark that each pixel is of."""
    _, gaps, around, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    height, width = mask.shape
    for gap, (left, top, across, down, area) in enumerate(around):
        if gap == 0 or 0 in (left, top) or left + across == width or top + down == height:
            continue
        rows, columns = slice(top, top + down), slice(left, left + across)
        hole = gaps[rows, columns] == gap
        above = top - 1, left + int(np.argmax(hole[0]))
        size = sizes[above]
        if size > _LEAST and area < max(_SMALL, _SMALL_SHARE * size):
            filled[rows, columns][hole] = mask[above]
