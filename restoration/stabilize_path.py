"""Gate weave told from the camera's own motion, on the path of the picture through a shot.

The path follows from the measured steps by least squares: steps to the next frame and steps over several
frames, which keep small errors from adding up and bridge a frame that cannot be measured. The camera's own
path is the smooth one beneath it: still wherever the picture stays about one place, and elsewhere with as few
changes of speed as explain it (L1 trend filtering: Kim et al., 2009; as camera path: Grundmann et al., 2011).
How smooth it must be follows from how strong the weave is: a camera has mass, so what changes from frame to
frame is weave. Where there is none, the camera's path is the picture's.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

Values = npt.NDArray[Any]
"""float64."""

LONG = 8
"""Frames that the longer of the measured steps goes over."""
COMPONENTS = 4
"""Of a path: x and y in shares of the picture's width, angle in radians, log of the scale."""

_UNIT = 1 / 640
"""The solver's unit of length, a share of the width: a pixel of a picture of 640."""
_STILL_BAND = (1.0, 10.0, 12.0)
"""Units within which a still camera's picture may stray: least, for each deviation of the weave, and most."""
_REST_BAND = (0.3, 5.0, 6.0)
"""The same for a rest between movements, which is told from an unsteady hand with less confidence."""
_STILL_FRAMES = 48
"""Frames that the picture must stay for the camera to be held still, in a longer shot."""
_STILL_RISE = 0.55
"""A steady drift through more than this share of its range is a slow pan,"""
_STILL_CHANCE = 3.5
"""unless weave alone, whose deviation from the drift it is measured by, would drift as far by chance."""
_SMOOTHNESS = 60.0
"""Price of a change of speed, beside squared distance, in variances of the weave."""
_LEAST_SMOOTHNESS = 0.01
_BEND = 0.02
"""Changes of speed, in units a frame, below which their price falls."""
_HELD = 1e5
_ROUNDS = 25
_FADE = 6.0
"""Frames, as a standard deviation, over which corrections fade towards what could not be measured."""


@dataclass(frozen=True)
class Steps:
    """Measured steps of a shot of T frames: entry t goes from frame t to t + span."""

    span: int
    motion: Values
    """(T, 4), components as in COMPONENTS; the last `span` entries are of no account."""
    confidence: Values
    """(T,) in [0, 1]; 0 for the last `span` entries."""


def weave_of(steps: Sequence[Steps]) -> Values:
    """Return how far weave moved each frame from where the camera's path has it: (T, 4), see COMPONENTS.

    Zero, and fading to zero, where nothing could be measured.
    """
    count = len(steps[0].confidence)
    if count < 3:
        return np.zeros((count, COMPONENTS))
    steps = [entry for entry in steps if entry.span < count]
    path, known = picture_path(steps)
    broken = _breaks(steps)
    weave = np.zeros((count, COMPONENTS))
    for columns in ((0, 1), (2,), (3,)):
        positions = path[:, columns] / _UNIT
        weave[:, columns] = (positions - camera_path(positions, known, broken)) * _UNIT
    trust = gaussian_filter1d(known, _FADE, mode="nearest")
    fade = np.clip((trust - 0.3) / 0.4, 0, 1)
    return np.asarray(weave * fade[:, None])


def picture_path(steps: Sequence[Steps]) -> tuple[Values, Values]:
    """Return the picture's path (T, 4), and whether each frame's place is known (T,), 0 or 1.

    Least squares over all steps, each reweighted by how well it agrees with the others (Cauchy).
    """
    count = len(steps[0].confidence)
    bandwidth = max(2, *(entry.span for entry in steps))
    weights = [entry.confidence.copy() for entry in steps]
    path = np.zeros((count, COMPONENTS))
    for _ in range(4):
        bands = np.zeros((bandwidth + 1, count))
        bands[0] = 1e-9
        target = np.zeros((count, COMPONENTS))
        for entry, weight in zip(steps, weights, strict=True):
            _add_differences(bands, weight[: count - entry.span], entry.span)
            pull = weight[: count - entry.span, None] * entry.motion[: count - entry.span]
            target[entry.span :] += pull
            target[: count - entry.span] -= pull
        # Frames that no step reaches go evenly between their neighbours.
        _add_bends(bands, np.full(count - 2, 1e-6))
        path = solveh_banded(bands, target, lower=True)
        for entry, weight in zip(steps, weights, strict=True):
            reached = path[entry.span :] - path[: count - entry.span]
            error = np.hypot(*(reached - entry.motion[: count - entry.span])[:, :2].T) / _UNIT
            weight[: count - entry.span] = entry.confidence[: count - entry.span] / (
                1 + np.square(error / 0.1)
            )
    known = np.zeros(count)
    for entry in steps:
        sure = entry.confidence[: count - entry.span]
        known[: count - entry.span] = np.maximum(known[: count - entry.span], sure)
        known[entry.span :] = np.maximum(known[entry.span :], sure)
    return path, (known > 0.3).astype(np.float64)


def _breaks(steps: Sequence[Steps]) -> npt.NDArray[np.bool_]:
    """Where no step goes across from frame t to t + 1: (T - 1,)."""
    count = len(steps[0].confidence)
    across = np.zeros(count - 1)
    for entry in steps:
        for offset in range(entry.span):
            reach = count - entry.span
            across[offset : offset + reach] = np.maximum(
                across[offset : offset + reach], entry.confidence[:reach]
            )
    return np.asarray(across < 0.05)


def camera_path(positions: Values, known: Values, broken: npt.NDArray[np.bool_]) -> Values:
    """Return the camera's own path beneath `positions` (T, n), in units of a 640th of the width.

    `known` (T,) weighs the frames; across `broken` (T - 1,) neither place nor speed need go on.
    """
    trust = (known + 1e-6)[:, None]
    deviation = weave_strength(positions, known)
    holds = [_hold(positions[:, index], broken, deviation) for index in range(positions.shape[1])]
    smoothness = _SMOOTHNESS * deviation**2 + _LEAST_SMOOTHNESS
    price = np.where(broken[:-1] | broken[1:], 0.0, smoothness)
    bend_weight = price / _BEND
    path = positions
    for _ in range(_ROUNDS):
        columns = []
        for place, hold in zip(positions.T, holds, strict=True):
            bands = np.zeros((3, len(place)))
            bands[0] = trust[:, 0]
            _add_differences(bands, hold, 1)
            _add_bends(bands, bend_weight)
            columns.append(solveh_banded(bands, place * trust[:, 0], lower=True))
        path = np.stack(columns, axis=1)
        moving = [np.abs(np.diff(column, 2)) for column in columns]
        bend_weight = price / (np.sqrt(np.square(moving).sum(axis=0)) + _BEND)
    return np.asarray(path)


def weave_strength(positions: Values, known: Values) -> float:
    """Standard deviation of what moves the picture from frame to frame, in the unit of `positions` (T, n)."""
    jerk = np.diff(positions, 3, axis=0)[known[:-3] * known[1:-2] * known[2:-1] * known[3:] > 0]
    if len(jerk) < 4:
        return 0.0
    deviations = 1.4826 * np.median(np.abs(jerk), axis=0) / np.sqrt(20)  # white noise of 1 has sqrt(20)
    return float(np.sqrt(np.square(deviations).mean()))


def _hold(place: Values, broken: npt.NDArray[np.bool_], deviation: float) -> Values:
    """Weights (T - 1,) that keep the camera where it stands still along one direction."""
    whole, rest = (min(least + each * deviation, most) for least, each, most in (_STILL_BAND, _REST_BAND))
    still = still_frames(place, broken, whole, rest)
    return np.where(still[:-1] & still[1:] & ~broken, _HELD, 0.0)


def still_frames(
    place: Values, broken: npt.NDArray[np.bool_], whole_band: float, rest_band: float
) -> npt.NDArray[np.bool_]:
    """Tell when (T,) the camera stands still: when `place` (T,) keeps to a band and does not drift.

    All the time between two breaks, within `whole_band`; or for a rest, within `rest_band`.
    """
    count = len(place)
    still = np.zeros(count, np.bool_)
    edges = [0, *(np.flatnonzero(broken) + 1).tolist(), count]
    for start, stop in itertools.pairwise(edges):
        piece = place[start:stop]
        soft = gaussian_filter1d(piece, min(3.0, len(piece) / 8 + 0.1), mode="nearest")
        stays = _stays(soft, rest_band) if np.ptp(soft) > whole_band else [(0, len(soft))]
        for first, last in stays:
            long_enough = last - first >= min(_STILL_FRAMES, stop - start)
            if long_enough and not _drifts(piece[first:last]):
                # Beside a pan, the last frames of rest are the pan's.
                begin = first + 4 if first > 0 else first
                end = last - 4 if last < len(piece) else last
                still[start + begin : start + end] = True
    return still


def _stays(soft: Values, band: float) -> list[tuple[int, int]]:
    """List the longest stretches `[first, last)` that lie within the band, the longest first chosen."""
    found = []
    todo = [(0, len(soft))]
    while todo:
        start, stop = todo.pop()
        if stop - start < min(_STILL_FRAMES, len(soft)):
            continue
        first, last = _longest(soft[start:stop], band)
        found.append((start + first, start + last))
        todo += [(start, start + first), (start + last, stop)]
    return sorted(found)


def _longest(soft: Values, band: float) -> tuple[int, int]:
    """Find the longest stretch within the band, with queues of its highest and its lowest values."""
    best, first = (0, 1), 0
    highest: deque[int] = deque()
    lowest: deque[int] = deque()
    for last, value in enumerate(soft):
        while highest and soft[highest[-1]] <= value:
            highest.pop()
        while lowest and soft[lowest[-1]] >= value:
            lowest.pop()
        highest.append(last)
        lowest.append(last)
        while soft[highest[0]] - soft[lowest[0]] > band:
            first += 1
            if highest[0] < first:
                highest.popleft()
            if lowest[0] < first:
                lowest.popleft()
        if last + 1 - first > best[1] - best[0]:
            best = (first, last + 1)
    return best


def _drifts(piece: Values) -> bool:
    """Tell a slow pan, which goes through its whole range steadily, from weave, which goes to and fro."""
    times = np.linspace(-0.5, 0.5, len(piece))
    slope = float(times @ (piece - piece.mean())) / float(times @ times)
    strays = float(np.std(piece - piece.mean() - slope * times))
    return abs(slope) > max(_STILL_RISE * float(np.ptp(piece)), _STILL_CHANCE * strays, 0.5)


def _add_differences(bands: Values, weight: Values, span: int) -> None:
    """Add the normal equations of weight * (x[t + span] - x[t])^2, lower banded."""
    count = len(weight)
    bands[0, :count] += weight
    bands[0, span : span + count] += weight
    bands[span, :count] -= weight


def _add_bends(bands: Values, weight: Values) -> None:
    """Add the normal equations of weight * (x[t] - 2 x[t + 1] + x[t + 2])^2, lower banded."""
    count = len(weight)
    bands[0, :count] += weight
    bands[0, 1 : count + 1] += 4 * weight
    bands[0, 2 : count + 2] += weight
    bands[1, :count] -= 2 * weight
    bands[1, 1 : count + 1] -= 2 * weight
    bands[2, :count] += weight
