"""Colours on a coarse grid brought to a finer one: they end where the picture's tones do.

Every value is a mean of those about it, weighted by likeness of luma, never a function of the luma itself: so
the grain of the picture cannot come into its colours, nor can colours beyond those that are there.
"""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

Colours = Plane
"""a and b in Lab units, (h, w, 2) float32."""

_TONE_SIGMA = np.float32(0.03)  # difference of luma, of 1, at which likeness has fallen to 0.6
_LEAST = np.float32(0.002)  # likeness of what is not alike at all: where nothing is, all counts
_KERNEL = ((0.25, 0.5, 0.25), (0.5, 1.0, 0.5), (0.25, 0.5, 0.25))
_NEAR, _MIDDLE, _FAR = 0.33, 1.0, 0.03  # weight of the taps of one axis: nearer side, own, farther side


def quiet_guide(luma: Plane) -> Plane:
    """Return luma (h, w) with grain taken out and edges kept: a guide for colours.

    A guided filter with the picture as its own guide: He, Sun, Tang, "Guided Image Filtering" (ECCV 2010).
    """
    mean = np.asarray(cv2.boxFilter(luma, -1, (5, 5)))
    variance = np.maximum(cv2.boxFilter(luma * luma, -1, (5, 5)) - mean * mean, 0)
    share = variance / (variance + np.float32(0.02**2))
    offset = np.asarray(cv2.boxFilter(mean - share * mean, -1, (5, 5)))
    return np.asarray(cv2.boxFilter(share, -1, (5, 5)) * luma + offset)


def enlarged(colours: Colours, guide: Plane) -> Colours:
    """Bring colours of a far coarser grid to that of `guide` (h, w): enlarged, then drawn to its edges.

    A joint bilateral filter over 3 x 3 points, as in `doubled`; what lies on an edge of the guide counts for
    less, as on the coarse grid it was a mixture of both sides.
    """
    height, width = guide.shape
    result = np.asarray(cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR))
    padded = cv2.copyMakeBorder(
        cv2.merge([result, guide, _evenness(guide)]), 1, 1, 1, 1, cv2.BORDER_REPLICATE
    )
    added: Colours = np.zeros_like(result)
    total = np.zeros_like(guide)
    for down, shares in enumerate(_KERNEL):
        for across, share in enumerate(shares):
            there = padded[down : down + height, across : across + width]
            weight = _likeness(there[..., 2] - guide, np.float32(share)) * there[..., 3]
            total += weight
            added += there[..., :2] * weight[..., None]
    added /= total[..., None]
    return added


def doubled(colours: Colours, coarse_guide: Plane, guide: Plane) -> Colours:
    """Bring colours of a grid of half size, ceil(H / 2) x ceil(W / 2), to that of `guide` (H, W).

    Joint bilateral upsampling over 3 x 3 points: Kopf et al., "Joint Bilateral Upsampling" (SIGGRAPH 2007).
    `coarse_guide` (h, w) is the guide on the grid of half size.
    """
    height, width = guide.shape
    result = np.empty((height, width, 2), np.float32)
    padded = cv2.copyMakeBorder(cv2.merge([colours, coarse_guide]), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    for row in range(min(2, height)):
        for column in range(min(2, width)):
            tones = guide[row::2, column::2]
            result[row::2, column::2] = _phase(padded, tones, row, column)
    return result


def _phase(padded: Plane, tones: Plane, row: int, column: int) -> Colours:
    """One in four of the finer grid's points: those at odd or even rows and columns."""
    rows, columns = tones.shape
    added = np.zeros((rows, columns, 2), np.float32)
    total = np.zeros((rows, columns), np.float32)
    for down, vertical in enumerate(_taps(row)):
        for across, horizontal in enumerate(_taps(column)):
            there = padded[down : down + rows, across : across + columns]
            weight = _likeness(there[..., 2] - tones, np.float32(vertical * horizontal))
            total += weight
            added += there[..., :2] * weight[..., None]
    added /= total[..., None]
    return added


def _taps(phase: int) -> tuple[float, float, float]:
    return (_NEAR, _MIDDLE, _FAR) if phase == 0 else (_FAR, _MIDDLE, _NEAR)


def _evenness(guide: Plane) -> Plane:
    """How little (h, w) the tones about a point differ, in (0, 1]."""
    square = np.ones((3, 3), np.uint8)
    range_about = cv2.dilate(guide, square) - cv2.erode(guide, square)
    return _likeness(range_about * np.float32(0.5), np.float32(1))


def _likeness(difference: Plane, share: np.float32) -> Plane:
    exponent = np.square(difference * np.float32(1 / (_TONE_SIGMA * np.sqrt(2))))
    return np.asarray((cv2.exp(-exponent) + _LEAST) * share)
