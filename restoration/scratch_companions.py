"""Scratches that run beside another at a steady distance: tramlines."""

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

_NEAREST, _FARTHEST = 3, 11  # columns between the two
_SIDE = 2  # columns from a companion to what it is compared with
_HEIGHT = 0.4  # of the first one's height
_STEADY = 0.85  # share of the rows in which it stands out
_FAINT = 0.012
_ROWS = 5  # rows over which it is smoothed
_FEWEST = 12  # rows along which it must be seen
_MOST = 2


def companions_beside(luma: Plane, polarity: int, rows: npt.NDArray[np.int64], course: Plane) -> list[Plane]:
    """Courses (r,) of what runs along the whole `course` (r,) of a scratch in `rows` (r,) of a strip."""
    if len(rows) < _FEWEST:
        return []
    reach = _FARTHEST + _SIDE
    offsets = np.arange(-reach, reach + 1)
    columns = (course[:, None] + offsets).astype(np.float32)
    if columns.min() < 0 or columns.max() > luma.shape[1] - 1:
        return []
    lines = np.ascontiguousarray(np.broadcast_to(rows.astype(np.float32)[:, None], columns.shape))
    seen = np.asarray(cv2.remap(luma, columns, lines, cv2.INTER_LINEAR)) * np.float32(1 - 2 * polarity)
    smooth = np.asarray(cv2.blur(seen, (1, _ROWS), borderType=cv2.BORDER_REPLICATE))
    over = smooth[:, _SIDE:-_SIDE] - np.maximum(smooth[:, : -2 * _SIDE], smooth[:, 2 * _SIDE :])
    offsets = offsets[_SIDE:-_SIDE]
    usual = np.median(over, axis=0)
    steady = (over > 0).mean(axis=0)
    own = usual[_FARTHEST - 1 : _FARTHEST + 2].max()
    peak = usual >= np.maximum(np.append(usual[1:], -np.inf), np.append(-np.inf, usual[:-1]))
    fits = peak & (np.abs(offsets) >= _NEAREST) & (steady >= _STEADY)
    fits &= usual > max(_HEIGHT * own, _FAINT)
    chosen = np.flatnonzero(fits)
    chosen = chosen[np.argsort(-usual[chosen], kind="stable")][:_MOST]
    return [course + offsets[k] for k in chosen]
