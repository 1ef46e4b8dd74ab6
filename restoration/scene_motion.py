"""The scene's motion beside places of the picture, over several frames, on a coarse grid.

What runs over the film, and not in the scene, draws the flow upon itself; the flow some way to its left and
right, and the one motion that fits most of the picture, are the scene's.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow, Motion

CELL = 8
"""Points of the flow's grid in a cell, each way: 16 pixels of the picture."""

_ROW = 1024


@dataclass(frozen=True)
class SceneStep:
    """The scene's motion from one frame to a neighbour, per cell of 16 x 16 pixels."""

    beside: Flow
    """float32 (rows, columns, 2): mean flow 16 to 56 pixels to the left and right, in pixels."""
    overall: Flow
    """float32 (rows, columns, 2): the affine motion that fits most of the picture."""
    within: Flow
    """float32 (rows, columns, 2): median flow of the 5 x 5 cells around."""


def scene_step(motion: Motion, frame: int, way: int) -> SceneStep:
    """The scene's motion from `frame` to the next (`way` 1) or to the one before (-1)."""
    flow, confidence = motion.flow(frame, way)
    rows, columns = confidence.shape
    size = (max(columns // CELL, 4), max(rows // CELL, 4))
    across, down = cv2.multiply(flow[..., 0], confidence), cv2.multiply(flow[..., 1], confidence)
    planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (across, down, confidence)]
    cells = np.dstack(planes) + np.float32(1e-3)
    cells[..., :2] -= np.float32(1e-3)
    ring = cv2.boxFilter(cells, -1, (7, 3), normalize=False)
    ring = ring - np.asarray(cv2.boxFilter(cells, -1, (1, 3), normalize=False))
    flows = cells[..., :2] / cells[..., 2:]
    within = np.dstack([cv2.medianBlur(np.ascontiguousarray(flows[..., axis]), 5) for axis in (0, 1)])
    return SceneStep(np.asarray(ring[..., :2] / ring[..., 2:]), _overall(cells), within)


def _overall(cells: Plane) -> Flow:
    """Fit an affine motion to cells (rows, columns, 3): flow times weight, and weight. Cauchy's weights."""
    rows, columns = cells.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    basis = np.stack([np.ones(x.size), (x.ravel() + 0.5) / columns - 0.5, (y.ravel() + 0.5) / rows - 0.5])
    trust = cells[..., 2].ravel().astype(np.float64)
    seen = cells[..., :2].reshape(-1, 2).astype(np.float64) / trust[:, None]
    fit = np.zeros((3, 2))
    fit[0] = np.median(seen, axis=0)
    for _ in range(4):
        away = np.square(seen - basis.T @ fit).sum(axis=1)
        weighted = basis * (trust / (1 + away))
        fit = np.linalg.solve(weighted @ basis.T + 1e-6 * np.eye(3), weighted @ seen)
    return np.asarray((basis.T @ fit).reshape(rows, columns, 2), np.float32)


def sampled(flow: Flow, y: Plane, x: Plane, shape: tuple[int, int]) -> Plane:
    """A coarse flow at places (n,) given in pixels of the picture of `shape` (H, W): (n, 2)."""
    rows, columns = flow.shape[:2]
    map_y = (y.astype(np.float32) + 0.5) * np.float32(rows / shape[0]) - 0.5
    map_x = (x.astype(np.float32) + 0.5) * np.float32(columns / shape[1]) - 0.5
    # OpenCV takes no picture of more than 32767 rows: the places are laid out in rows of a thousand or so.
    height = max(-(-len(map_x) // _ROW), 1)
    to_x, to_y = (
        np.pad(values, (0, height * _ROW - len(values))).reshape(height, _ROW) for values in (map_x, map_y)
    )
    found = np.asarray(cv2.remap(flow, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return np.asarray(found.reshape(-1, flow.shape[2])[: len(map_x)])
