"""Marks larger than a frame: they lie on the strip of film, and every frame shows its part of them."""

from collections.abc import Iterator

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Kind, Mark
from reelfix.restoration.damage.surface import Surface

FRAME_LINE = 0.06
"""Height of the bar between two pictures, as a fraction of the picture's."""


def strip_length(surface: Surface) -> int:
    """Length of the clip's film, in pixels of its picture."""
    return round(surface.frames * pitch(surface))


def pitch(surface: Surface) -> float:
    """From one picture to the next along the film, in pixels."""
    return surface.whole.height * (1 + FRAME_LINE)


def shows(row: float, column: float, reach: float, surface: Surface) -> bool:
    """Whether what lies within `reach` pixels of a place on the strip can show on some frame of the clip."""
    whole = surface.whole
    if not whole.left - reach <= column <= whole.left + surface.width + reach:
        return False
    first = whole.top - reach
    frame = max(0, int(np.floor((row - first) / pitch(surface))))
    for of_frame in (frame - 1, frame):
        on_frame = row - of_frame * pitch(surface)
        if 0 <= of_frame < surface.frames and first <= on_frame <= first + surface.height + 2 * reach:
            return True
    return False


def strip_marks(
    opacity: Plane, tone: float, kind: Kind, top: int, left: int, surface: Surface
) -> Iterator[Mark]:
    """Cut a patch that lies at (`top`, `left`) of the strip into the marks that frames show of it."""
    whole = surface.whole
    for frame in range(surface.frames):
        row = top - round(frame * pitch(surface)) - whole.top
        column = left - whole.left
        below, right = row + opacity.shape[0], column + opacity.shape[1]
        if row < surface.height and below > 0 and column < surface.width and right > 0:
            yield Mark(frame, row, column, opacity, tone, kind)
