"""Where ridges stand upright in a frame: the places that may be scratched."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import LineStrip

CLEAR = 0.33
"""Least mean height of a ridge along it, above what the columns around have by chance."""


@dataclass(frozen=True)
class Places:
    """Where ridges stand upright, n of them: polarity (0 bright, 1 dark), band and column, int (n,) each."""

    polarity: npt.NDArray[np.int64]
    band: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]


def places_in(strip: LineStrip, strength: float = 1.0) -> tuple[Places, Plane]:
    """Columns whose upright ridge is higher than those around; and by how much, (2, BANDS, columns).

    With a `strength` of a half, a ridge must be twice as high.
    """
    tall = np.stack([plane - cv2.blur(plane, (81, 1)) for plane in strip.upright]) * np.float32(strength)
    peak = np.stack([cv2.dilate(plane, np.ones((1, 3), np.uint8)) for plane in tall])
    chosen = (tall >= peak) & (tall > CLEAR)
    return Places(*np.nonzero(chosen)), tall
