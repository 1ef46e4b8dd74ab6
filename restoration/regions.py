"""Regions: the boxes about the damage of a frame, so that what is sound costs nothing."""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_CELL = 8  # pixels; damage in cells that touch is filled together
_MARGIN = 16  # least sound surroundings, in pixels
_MOST_MARGIN = 48
_MOST_AREA = 1.0  # boxes that add up to more than this of the picture give way to one


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
    """Return the regions of a frame's damage, bool (H, W): each pixel of it in exactly one."""
    height, width = hurt.shape
    grow = (-height % _CELL, -width % _CELL)
    padded = cv2.copyMakeBorder(
        hurt.astype(np.uint8) * np.uint8(255), 0, grow[0], 0, grow[1], cv2.BORDER_CONSTANT, value=0
    )
    size = (padded.shape[1] // _CELL, padded.shape[0] // _CELL)
    cells = (cv2.resize(padded, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
    boxes = [_box(stats[label], height, width) for label in range(1, count)]
    area = sum((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in boxes)
    if area > _MOST_AREA * height * width:
        return [Region(slice(0, height), slice(0, width), hurt)]
    owners = cv2.resize(
        labels.astype(np.int16), (padded.shape[1], padded.shape[0]), interpolation=cv2.INTER_NEAREST
    )
    return [
        Region(rows, columns, hurt[rows, columns] & (owners[rows, columns] == label))
        for label, (rows, columns) in enumerate(boxes, start=1)
    ]


def _box(stats: Plane, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns about a component of cells, with a margin that grows with its narrower side."""
    left, top, columns, rows, area = (int(number) for number in stats)
    # How deep damage can be: about its area over its longer side.
    depth = _CELL * area // max(columns, rows)
    margin = min(max(_MARGIN, depth // 2 // 2 * 2 + 8), _MOST_MARGIN)
    return (
        slice(max(top * _CELL - margin, 0), min((top + rows) * _CELL + margin, height)),
        slice(max(left * _CELL - margin, 0), min((left + columns) * _CELL + margin, width)),
    )
