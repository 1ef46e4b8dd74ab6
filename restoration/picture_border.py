"""The border of the picture, at the sides of the scan: a line that only the net sees there is no scratch.

Where the picture ends, in the last columns of the scan or at the black beside it, a bright or dark line stays
through all frames while the scene moves past: it has every look of a scratch. A scan that was cut within the
picture has no border, and scratches run there as anywhere.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.components import components

REACH = 8
"""Frames to either side that the border of one depends on."""

Columns = npt.NDArray[np.float32]
"""(2, W): mean and standard deviation of each column of a luma."""
Places = npt.NDArray[np.bool_]
"""(W,): columns of a picture."""

_EVEN_ODDS = np.uint8(128)
_BLACK = 32 / 255  # with leeway for what black is in scans of limited range, 16 / 255
_WIDEST = 0.25  # of the picture's width: what is black and wider is a dark scene's
_STEP = 0.1  # of a column's brightness to the next, as nothing in a picture steps from top to bottom
_BESIDE_EDGE, _BESIDE_EDGE_LEAST = 0.008, 4  # of the width; pixels
_BESIDE_BLACK, _BESIDE_BLACK_LEAST = 0.02, 6
_MOSTLY = 0.5  # share of a line's pixels at the border with which all of it is the border's


def columns_of(luma: Plane) -> Columns:
    """Return what the columns of a luma (H, W) in [0, 1] are like."""
    mean = cv2.reduce(luma, 0, cv2.REDUCE_AVG)[0]
    square = cv2.reduce(luma * luma, 0, cv2.REDUCE_AVG)[0]
    return np.stack([mean, np.sqrt(np.maximum(square - mean * mean, 0))])


def border_of(columns: Sequence[Columns], frame: int) -> Places:
    """Return which columns of `frame` lie at a side of the picture, or beyond it.

    `columns` of the frames of a shot, of all within REACH. Black is what is so in half of the frames or more,
    from top to bottom.
    """
    near = np.stack(columns[max(frame - REACH, 0) : frame + REACH + 1])
    mean, deviation = np.median(near, axis=0)
    dark = mean + deviation < _BLACK
    at = np.zeros(len(mean), np.bool_)
    at[: _border_width(mean, dark)] = True
    at[::-1][: _border_width(mean[::-1], dark[::-1])] = True
    return at


def _border_width(mean: Columns, dark: Places) -> int:
    """Columns of the border at the side that `mean` (W,) begins with."""
    total = len(mean)
    black = total if dark.all() else int(np.argmin(dark))
    if 0 < black <= _WIDEST * total:
        return black + max(round(_BESIDE_BLACK * total), _BESIDE_BLACK_LEAST)
    beside = max(round(_BESIDE_EDGE * total), _BESIDE_EDGE_LEAST)
    outer, inner = mean[:beside], mean[beside : 2 * beside].mean()
    steps = np.abs(np.diff(outer)) / np.maximum(np.maximum(outer[1:], outer[:-1]), _BLACK)
    ends = abs(outer[0] - inner) > _STEP * max(inner, _BLACK)
    return beside if ends and steps.max() > _STEP else 0


def without_border(lines: Plane, known: Plane, border: Places) -> Plane:
    """Return the plane `lines` (H, W) uint8 of what stays, without what is the picture's `border`.

    `known` (H, W) uint8: found without a net; that is left alone.
    """
    new = ((lines >= _EVEN_ODDS) & (known < _EVEN_ODDS)).astype(np.uint8)
    if not new[:, border].any():
        return lines
    labels, boxes = components(new)
    at = np.bincount(labels[:, border].ravel(), minlength=len(boxes))
    gone = at > _MOSTLY * boxes[:, cv2.CC_STAT_AREA]
    gone[0] = False
    drop = gone[labels] | (new.astype(np.bool_) & border)
    return np.where(drop, np.minimum(lines, _EVEN_ODDS - 1), lines)
