"""How far the picture as a whole moved between two frames: a consensus of many tracked points.

Points are spread over the frame, one to a cell, and followed with pyramidal Lucas-Kanade (Bouguet, 2001) on a
picture from which light and contrast are taken out locally, so that flicker moves nothing and every part of
the frame has its say. What most of them agree on is the frame's motion; moving people, dirt and the gate's
edge are outvoted (iteratively reweighted least squares with Tukey's biweight). Of the rest, what most agree
on is kept as well: where a train fills the frame, the ground behind it is the lesser motion.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

Points = npt.NDArray[Any]
"""(N, 2) float32, x then y, in pixels of the reduced picture."""

_WORK_WIDTH = 360
"""The picture is reduced by a whole factor to about this width: grain goes, a 50th of a pixel stays."""
_CELLS = 20
"""Cells of points across the longer side."""
_BORDER = 0.05
"""Black reaching in from the frame's edge below this share of its bright parts is the gate's border."""
_WINDOW = (17, 17)
_LEVELS = 3
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 0.004)
_FEWEST = 10
"""Points that a motion must be agreed upon by."""
_MODE_WIDTH = 0.35
"""Width, in pixels of the reduced picture, of the kernel that the first vote is counted with."""
_OTHERWISE = 1.0
"""Pixels of the reduced picture off the consensus from which on a point moves otherwise."""
_ROUNDS = 6


@dataclass(frozen=True)
class FrameStep:
    """Motion of the picture from one frame to a later one, about the frame's centre."""

    shift: tuple[float, float]
    """x, y in pixels of the full picture: what is at p in the first frame is at p + shift in the later."""
    angle: float
    """Radians; positive turns x towards y."""
    scale: float
    """Natural logarithm of the magnification."""
    confidence: float
    """0 (nothing is known) to 1."""


NO_STEP = FrameStep((0.0, 0.0), 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class TrackedFrame:
    """What of one frame is kept to measure motion with."""

    levelled: npt.NDArray[np.uint8]
    """The reduced picture, (h, w), without its light and contrast."""
    points: Points
    centre: tuple[float, float]
    factor: float
    """Pixels of the full picture to one of the reduced."""


def prepare_frame(luma: Plane) -> TrackedFrame:
    """Reduce luma (H, W) float32 in [0, 1], level it, and choose the points to follow from it."""
    height, width = luma.shape
    factor = max(1, round(width / _WORK_WIDTH)) if min(height, width) >= 64 else 1
    size = (max(width // factor, 1), max(height // factor, 1))
    trimmed = luma[: size[1] * factor, : size[0] * factor]
    small = trimmed if factor == 1 else cv2.resize(trimmed, size, interpolation=cv2.INTER_AREA)
    small = np.ascontiguousarray(small, dtype=np.float32)
    levelled = _levelled(small)
    points = _choose_points(levelled, _border(small))
    centre = ((width / 2 - 0.5) / factor, (height / 2 - 0.5) / factor)
    return TrackedFrame(levelled, points, centre, float(factor))


def _levelled(small: Plane) -> npt.NDArray[np.uint8]:
    """Take out light and contrast locally: (h, w) uint8, detail of any contrast about 128."""
    tones = np.log2(np.maximum(small, 0) + np.float32(0.03))
    soft = cv2.GaussianBlur(tones, (0, 0), 0.8)
    detail = soft - cv2.GaussianBlur(tones, (0, 0), 6.0)
    energy = cv2.boxFilter(detail * detail, -1, (31, 31), borderType=cv2.BORDER_REFLECT)
    gain = 40.0 / np.sqrt(energy + np.float32(0.03**2))
    return np.asarray(np.clip(128.5 + np.clip(detail * gain, -100, 100), 0, 255), dtype=np.uint8)


def _border(small: Plane) -> npt.NDArray[np.uint8]:
    """Where the gate's black border is, and what lies near it: (h, w) uint8, 1 there."""
    tiny = cv2.resize(small, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    height, width = tiny.shape[:2]
    dark = (tiny < _BORDER * max(float(np.percentile(tiny, 95)), 0.05)).astype(np.uint8)
    framed = cv2.copyMakeBorder(dark, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(framed, None, (0, 0), 2)
    border = (framed[1:-1, 1:-1] == 2).astype(np.uint8)
    if border.mean() > 0.5:  # a dark scene, not a border
        border[:] = 0
    border = cv2.dilate(border, np.ones((5, 5), np.uint8))
    margin_y, margin_x = max(height // 24, 1), max(width // 24, 1)
    border[:margin_y] = border[-margin_y:] = 1
    border[:, :margin_x] = border[:, -margin_x:] = 1
    return np.asarray(cv2.resize(border, small.shape[::-1], interpolation=cv2.INTER_NEAREST))


def _choose_points(levelled: npt.NDArray[np.uint8], barred: npt.NDArray[np.uint8]) -> Points:
    """Take from each cell the point that is best told from its surroundings (Shi and Tomasi, 1994)."""
    strength = cv2.cornerMinEigenVal(levelled, 9, ksize=3)
    strength[barred > 0] = 0
    height, width = levelled.shape
    cell = max(max(height, width) // _CELLS, 6)
    rows, columns = height // cell, width // cell
    if rows == 0 or columns == 0:
        return np.empty((0, 2), np.float32)
    whole = strength[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    cells = whole.transpose(0, 2, 1, 3).reshape(rows * columns, cell * cell)
    best = cells.argmax(axis=1)
    peak = cells[np.arange(len(cells)), best]
    y = np.arange(rows).repeat(columns) * cell + best // cell
    x = np.tile(np.arange(columns), rows) * cell + best % cell
    usable = peak > max(0.02 * float(np.percentile(peak, 90)), 1e-6)
    return np.asarray(np.stack([x, y], axis=1)[usable], dtype=np.float32)


def measure_steps(
    first: TrackedFrame, later: TrackedFrame, guess: FrameStep = NO_STEP
) -> tuple[FrameStep, FrameStep]:
    """Return the motion from `first` to `later` that most points agree on, and that of most others.

    NO_STEP where too few agree on one.

    `guess` is where to look first, for frames further apart.
    """
    points = first.points
    if len(points) < _FEWEST or first.levelled.shape != later.levelled.shape:
        return NO_STEP, NO_STEP
    expected = points + np.array(guess.shift, np.float32) / np.float32(first.factor)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        first.levelled,
        later.levelled,
        points,
        expected.astype(np.float32),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    height, width = later.levelled.shape
    inside = (moved > 0).all(axis=1) & (moved[:, 0] < width - 1) & (moved[:, 1] < height - 1)
    kept = (found.ravel() > 0) & inside
    if np.count_nonzero(kept) < _FEWEST:
        return NO_STEP, NO_STEP
    places = (points[kept] - np.array(first.centre)).astype(np.float64)
    shifts = (moved[kept] - points[kept]).astype(np.float64)
    step, others = _consensus(places, shifts, first.factor, len(places))
    if np.count_nonzero(others) < _FEWEST:
        return step, NO_STEP
    return step, _consensus(places[others], shifts[others], first.factor, len(places))[0]


def _consensus(
    places: npt.NDArray[Any], shifts: npt.NDArray[Any], factor: float, count: int
) -> tuple[FrameStep, npt.NDArray[np.bool_]]:
    """Fit a similarity to the shifts that most agree on, and tell which clearly move otherwise.

    Places are counted from the centre; `count` is of all points, also those not looked at.
    """
    start = _mode(shifts)
    parameters = np.array([start[0], start[1], 0.0, 0.0])
    x, y = places.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    # dx = tx + s x - a y, dy = ty + s y + a x
    design = np.concatenate([np.stack([one, zero, x, -y], 1), np.stack([zero, one, y, x], 1)])
    values = np.concatenate([shifts[:, 0], shifts[:, 1]])
    reach = 1.5
    weight = np.zeros(len(x))
    for _ in range(_ROUNDS):
        residual = values - design @ parameters
        size = np.hypot(residual[: len(x)], residual[len(x) :])
        weight = np.square(np.clip(1 - np.square(size / reach), 0, None))
        if np.count_nonzero(weight) < _FEWEST // 2:
            return NO_STEP, size > _OTHERWISE
        near = size[weight > 0]
        reach = float(np.clip(4 * np.median(near), 0.15, reach))
        both = np.concatenate([weight, weight])
        # A few points say little of the turn: hold it and the magnification near none.
        held = np.diag([1e-9, 1e-9, 1e3, 1e3])
        normal = design.T @ (design * both[:, None]) + held
        parameters = np.linalg.solve(normal, design.T @ (both * values))
    agreeing = float(weight.sum())
    share = agreeing / count
    confidence = float(np.clip((agreeing - 4) / 8, 0, 1) * np.clip((share - 0.06) / 0.1, 0, 1))
    step = FrameStep(
        (float(parameters[0]) * factor, float(parameters[1]) * factor),
        float(parameters[3]),
        float(parameters[2]),
        confidence,
    )
    return step, size > _OTHERWISE


def _mode(shifts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Where the shifts lie densest."""
    distance = np.square(shifts[:, None] - shifts[None]).sum(axis=2)
    votes = 1 / (1 + distance / _MODE_WIDTH**2)
    return np.asarray(shifts[votes.sum(axis=1).argmax()])
