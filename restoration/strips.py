"""A frame squeezed in height, for what runs down the whole of it, and its neighbours' brought to it.

A strip has the mean of four rows in each of its own, and at most some 1000 columns: a scratch hardly leans
over so few rows, and in a larger scan it is the wider.
"""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow
from reelfix.restoration.neighbours import Neighbour

_ROWS = 4
_COLUMNS = 720
_GRID = 6  # points of the flow's grid passed over when the overall motion is fitted


def strip_of(luma: Plane) -> Plane:
    """Reduce a luma (H, W) to its strip (H / 4, W), or half as wide, and so on, for large pictures."""
    height, width = luma.shape
    size = (-(-width // max(round(width / _COLUMNS), 1)), max(height // _ROWS, 1))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))


def carried(strip: Plane, flow: Flow, shape: tuple[int, int]) -> Plane:
    """Bring a neighbour's strip along `flow`, in pixels of the picture of `shape` (H, W)."""
    rows, columns = strip.shape
    scale_y, scale_x = np.float32(rows / shape[0]), np.float32(columns / shape[1])
    full = cv2.resize(flow, (columns, rows), interpolation=cv2.INTER_AREA)
    map_x = full[..., 0] * scale_x + np.arange(columns, dtype=np.float32)
    map_y = full[..., 1] * scale_y + np.arange(rows, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(strip, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def flow_beside(neighbour: Neighbour) -> Flow:
    """Mean flow 10 to 40 pixels to either side of each place (h, w, 2).

    A scratch in an even place draws the flow there upon itself; this is the scene's.
    """
    confidence = neighbour.confidence[..., None]
    weighted: Plane = np.dstack([neighbour.flow * confidence, confidence]) + np.float32(1e-3)
    rows, columns = neighbour.confidence.shape
    small = cv2.resize(weighted, (-(-columns // 2), -(-rows // 2)), interpolation=cv2.INTER_AREA)
    ring = np.asarray(cv2.boxFilter(small, -1, (21, 9), normalize=False))
    ring = ring - np.asarray(cv2.boxFilter(small, -1, (5, 9), normalize=False))
    return np.asarray(ring[..., :2] / np.maximum(ring[..., 2:], 1e-3))


def flow_overall(neighbour: Neighbour) -> Flow:
    """The affine motion that fits most of the picture (h, w, 2): the camera's, or the film's in its gate."""
    rows, columns = neighbour.confidence.shape
    y, x = np.mgrid[0:rows:_GRID, 0:columns:_GRID].astype(np.float64)
    basis = np.stack([np.ones(x.size), x.ravel() / columns - 0.5, y.ravel() / rows - 0.5])  # 3xn
    seen = neighbour.flow[::_GRID, ::_GRID].reshape(-1, 2).astype(np.float64)  # nx2
    trust = neighbour.confidence[::_GRID, ::_GRID].ravel().astype(np.float64) + 1e-3
    fit = np.zeros((3, 2))
    fit[0] = np.median(seen, axis=0)
    for _ in range(4):
        away = np.square(seen - np.einsum("bn,bc->nc", basis, fit)).sum(axis=1)
        weighted = basis * (trust / (1 + away))
        matrix = np.einsum("an,bn->ab", weighted, basis)
        fit = np.linalg.solve(matrix + 1e-6 * np.eye(3), np.einsum("bn,nc->bc", weighted, seen))
    # As coarse as `flow_beside`: an affine flow is resized without loss.
    across = (np.arange(1, columns, 2) / columns - 0.5)[None, :, None]
    down = (np.arange(1, rows, 2) / rows - 0.5)[:, None, None]
    return np.asarray(fit[0] + across * fit[1] + down * fit[2], dtype=np.float32)
