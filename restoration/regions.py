"""Regions: the boxes about the damage of a frame, so that what is sound costs nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_CELL = 8  # pixels; damage in cells that touch is filled together
_MARGIN = 12  # least sound surroundings, in pixels
_MOST_MARGIN = 48
_LARGE = 192 * 192  # pixels of a box from which it is cut up where damage is thin in it
_THIN = 0.3  # share of the cells in it that are damaged
_PIECE = 128  # pixels: side of the pieces

Box = tuple[int, int, int, int]
"""Top, bottom, left, right; half-open, multiples of _CELL but at the picture's edge."""


@dataclass(frozen=True)
class Region:
    """A box of a frame, and the damaged places in it that it answers for."""

    rows: slice
    """Begins at an even row; ends at an even one or at the picture's edge."""
    columns: slice
    mine: Plane
    """bool (h, w): damaged places of this region; no other region has them."""

    @property
    def grid(self) -> tuple[slice, slice]:
        """The same box on the grid of half the picture's size."""
        rows, columns = self.rows, self.columns
        return slice(rows.start // 2, -(-rows.stop // 2)), slice(columns.start // 2, -(-columns.stop // 2))


def regions_of(hurt: Plane) -> list[Region]:
    """Return the regions of a frame's damage, bool (H, W): each pixel of it in exactly one.

    Damage that is close together makes one region; a large box that is nearly empty, about a long hair or
    much dirt, is cut into pieces, of which those without damage are left out.
    """
    height, width = hurt.shape
    labels, stats = _components(hurt)
    regions = []
    for label in range(1, len(stats)):
        left, top, columns, rows, cells = (int(number) for number in stats[label])
        box = (
            top * _CELL,
            min((top + rows) * _CELL, height),
            left * _CELL,
            min((left + columns) * _CELL, width),
        )
        # How deep damage can be: about its area over its longer side.
        margin = min(max(_MARGIN, _CELL * cells // max(columns, rows) // 4 * 2 + 8), _MOST_MARGIN)
        for piece in _pieces(box, cells / (rows * columns)):
            region = _region(piece, margin, hurt, labels == label)
            if region.mine.any():
                regions.append(region)
    return regions


def _components(hurt: Plane) -> tuple[Plane, Plane]:
    """Cells with damage, connected ones with one label; and OpenCV's statistics of them, in cells."""
    height, width = hurt.shape
    grow = (-height % _CELL, -width % _CELL)
    codes = np.where(hurt, np.uint8(255), np.uint8(0))
    padded = cv2.copyMakeBorder(codes, 0, grow[0], 0, grow[1], cv2.BORDER_CONSTANT, value=0)
    size = (padded.shape[1] // _CELL, padded.shape[0] // _CELL)
    cells = (cv2.resize(padded, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    return labels, stats


def _pieces(box: Box, share: float) -> Iterator[Box]:
    """A box, or where it is large and damage has but a small share of it, its pieces."""
    top, bottom, left, right = box
    if (bottom - top) * (right - left) <= _LARGE or share >= _THIN:
        yield box
        return
    for row in range(top, bottom, _PIECE):
        for column in range(left, right, _PIECE):
            yield row, min(row + _PIECE, bottom), column, min(column + _PIECE, right)


def _region(box: Box, margin: int, hurt: Plane, cells: Plane) -> Region:
    """The region of the damage in a box and in `cells`, bool, with a margin about it."""
    height, width = hurt.shape
    top, bottom, left, right = box
    rows = slice(max(top - margin, 0), min(bottom + margin, height))
    columns = slice(max(left - margin, 0), min(right + margin, width))
    own = cells[top // _CELL : -(-bottom // _CELL), left // _CELL : -(-right // _CELL)]
    own = np.repeat(np.repeat(own, _CELL, axis=0), _CELL, axis=1)[: bottom - top, : right - left]
    mine = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.bool_)
    mine[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start] = (
        hurt[top:bottom, left:right] & own
    )
    return Region(rows, columns, mine)
