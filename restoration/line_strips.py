"""A frame squeezed in height, and the narrow ridges in it that stand over a good part of the height.

A strip has the mean of four rows in each of its own, and at most some 1000 columns: a scratch hardly leans
over so few rows, and in a larger scan it is the wider. Its ridges are gathered in bands, each a fortieth of
the height, and along lines that stand or lean over three tenths of it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

BANDS = 40
"""Bands over the height of a picture."""
SPAN = 12
"""Bands that a ridge is gathered over."""
NEAR = (0, 1, 3, 6)
"""Columns to either side within which a ridge may be looked for in other frames."""
MARGIN = 64
"""Columns beyond the edges, where nothing is."""
REACH = 6
"""Columns at either edge of a strip without ridges: those beside a ridge are compared with it."""

_ROWS = 4
_COLUMNS = 720
_SIDES = ((2, 3), (4, 6))  # nearest and farthest columns compared with, for lines that are thin, or wide
_EVEN = 0.6  # share of the ridge by which its two sides may differ
_MOST, _LEAST = 3.0, -1.0  # a single row's say, in units of the texture around
_THERE = 0.5  # a row's ridge that counts as one
_LEAN = 3  # most columns that a line leans over a third of its span, either way


@dataclass(frozen=True)
class LineStrip:
    """A frame's strip and what stands upright in it."""

    luma: Plane
    """float32 (rows, columns): the strip."""
    ridges: Plane
    """float32 (2, rows, columns): height of bright, and of dark, ridges over the higher of their two sides,
    in units of the texture around, in [-1, 3]."""
    banded: Plane
    """float32 (BANDS, columns): the luma over the same span as `upright`."""
    upright: Plane
    """float32 (2, BANDS, columns): mean ridge along the line about each place that has the highest."""
    filled: Plane
    """float32 (2, BANDS, columns): share of the rows of the span in which there is a ridge."""
    near: tuple[Plane, ...]
    """For each of NEAR, float32 (2, BANDS, columns + 2 MARGIN): the highest of `upright` so many columns to
    either side, never negative; 0 in the margins."""


def line_strip(luma: Plane) -> LineStrip:
    """Squeeze a luma (H, W) to a strip (H / 4, W), half as wide, and so on, for large pictures."""
    height, width = luma.shape
    size = (-(-width // max(round(width / _COLUMNS), 1)), max(height // _ROWS, 1))
    strip = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))
    ridges = _ridges(strip)
    upright = np.stack([_upright(ridge) for ridge in ridges])
    banded = cv2.blur(cv2.resize(strip, (size[0], BANDS), interpolation=cv2.INTER_AREA), (1, SPAN - 1))
    filled = np.stack([_filled(ridge) for ridge in ridges])
    near = tuple(_widened(upright, columns) for columns in NEAR)
    return LineStrip(strip, ridges, np.asarray(banded), upright, filled, near)


def is_too_small(shape: tuple[int, int]) -> bool:
    """Whether a picture (H, W) is too small for lines to be looked for."""
    return shape[0] < _ROWS * BANDS // 2 or shape[1] < 8 * REACH


def _ridges(strip: Plane) -> Plane:
    width = strip.shape[1]
    padded = cv2.copyMakeBorder(strip, 0, 0, REACH, REACH, cv2.BORDER_REPLICATE)
    texture = cv2.blur(np.abs(strip - cv2.blur(strip, (2 * REACH + 1, 1))), (41, 9)) + np.float32(0.002)
    bright = np.full(strip.shape, -np.inf, np.float32)
    dark = bright.copy()
    for nearest, farthest in _SIDES:
        span = farthest - nearest + 1
        sums = cv2.blur(padded, (span, 1), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        left, right = sums[:, REACH - farthest :][:, :width], sums[:, REACH + nearest :][:, :width]
        high, low = np.maximum(left, right), np.minimum(left, right)
        uneven = (high - low) - np.float32(0.02)
        for best, height in ((bright, strip - high), (dark, low - strip)):
            np.minimum(height, np.where(uneven < _EVEN * np.maximum(height, 0), height, 0), out=height)
            np.maximum(best, height, out=best)
    ridges = np.stack([bright, dark])
    ridges /= texture
    np.clip(ridges, _LEAST, _MOST, out=ridges)
    ridges[..., :REACH] = 0
    ridges[..., width - REACH :] = 0
    return ridges


def _upright(ridge: Plane) -> Plane:
    """Mean ridge (BANDS, columns) over SPAN bands, along the best of the lines that lean a little."""
    columns = ridge.shape[1]
    third = SPAN // 3
    loose = cv2.dilate(ridge, np.ones((1, 3), np.uint8))
    banded = cv2.resize(loose, (columns, BANDS), interpolation=cv2.INTER_AREA)
    banded = cv2.blur(banded, (1, third), borderType=cv2.BORDER_REFLECT)
    padded = cv2.copyMakeBorder(banded, third, third, _LEAN, _LEAN, cv2.BORDER_REFLECT)
    above, below = padded[:BANDS], padded[2 * third :]
    best = np.full(banded.shape, -np.inf, np.float32)
    for lean in range(-_LEAN, _LEAN + 1):
        sides = above[:, _LEAN - lean :][:, :columns] + below[:, _LEAN + lean :][:, :columns]
        np.maximum(best, sides, out=best)
    return np.asarray((best + banded) * np.float32(1 / 3))


def _filled(ridge: Plane) -> Plane:
    """Share of rows (BANDS, columns) over SPAN bands that have a ridge within a column."""
    there = cv2.dilate((ridge > _THERE).astype(np.float32), np.ones((1, 3), np.uint8))
    banded = cv2.resize(there, (ridge.shape[1], BANDS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(banded, (1, SPAN - 1)))


def _widened(upright: Plane, columns: int) -> Plane:
    """What stands within so many columns, never negative, with margins: (2, BANDS, columns + 2 MARGIN)."""
    kernel = np.ones((1, 2 * columns + 1), np.uint8)
    planes = [cv2.dilate(np.maximum(plane, 0), kernel) for plane in upright]
    return np.stack(
        [cv2.copyMakeBorder(plane, 0, 0, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=0) for plane in planes]
    )
