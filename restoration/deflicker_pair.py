"""How the light changes between two frames: aligned along the motion, then a curve and a field of gains.

The field has what the curves, which hold for the whole picture, leave over from place to place.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane, luma_of
from reelfix.restoration.deflicker_thumbnail import Thumbnail, halved
from reelfix.restoration.tone_curve import OFFSET, Values, curve_at, darkness, fit_curve

GRID = (9, 12)
"""Rows and columns of a field."""
_SAME_DETAIL = 45.0  # levels of the patterns by which one and the same thing may differ
_LIKENESS = (0.42, 0.67)  # correlation of patterns: of two scenes at most, of one at least
_STILL = 1.1  # how much worse patterns may match without motion for there to be none
_EVEN = 60.0  # power of a pattern, in squared levels, that is no more than grain
_SPREADS = (0.3, 0.2, 0.15, 0.1, 0.1)
"""Rounds of the field's fit: how far off, in log2, what follows it may be."""
_PRIOR = 0.03  # share of a cell that must be seen for its gain to count half
_FOLLOWS = 0.25  # how far off, in log2, what follows curve and field may be


@dataclass(frozen=True)
class PairChange:
    """The change of light from one frame to a later one, as gains in log2."""

    curves: Values
    """(C, knots): by the tone midway between the two frames."""
    field: Values
    """(rows, columns) of GRID: to be added to the curves at its place."""
    seen: Values
    """(rows, columns), 0 to 1: share of the cell that says so."""
    agreement: float
    """Share of the picture, 0 to 1, that is the same things under another light: little across a cut."""


def pair_change(first: Thumbnail, second: Thumbnail) -> PairChange:
    """Measure the change from `first` to `second`, which show the same scene a few frames apart."""
    there, pattern = _aligned(first, second)
    ours, theirs = (codes.astype(np.float32) - 128 for codes in (first.pattern, pattern))
    alike = np.abs(theirs - ours) < _SAME_DETAIL
    trust = halved(alike[None].astype(np.float32))[0]
    low, high = _LIKENESS
    same = float(np.clip((_likeness(ours, theirs) - low) / (high - low), 0, 1))
    return _change(first.coarse, there, trust, same)


def _aligned(first: Thumbnail, second: Thumbnail) -> tuple[Image, Plane]:
    """`second` as seen from `first`: coarse (C, h, w), and its pattern; by dense inverse search."""
    height, width = first.pattern.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    flow = _motion(first.pattern, second.pattern, columns, rows)
    columns, rows = columns + flow[..., 0], rows + flow[..., 1]
    mode = cv2.BORDER_REPLICATE
    tones = np.stack([cv2.remap(c, columns, rows, cv2.INTER_LINEAR, borderMode=mode) for c in second.tones])
    pattern = cv2.remap(second.pattern, columns, rows, cv2.INTER_LINEAR, borderMode=mode)
    outside = (columns < -1) | (columns > width) | (rows < -1) | (rows > height)
    pattern[outside] = np.where(first.pattern[outside] < 128, 255, 0)  # never alike
    return halved(tones), np.asarray(pattern)


def _motion(first: Plane, second: Plane, columns: Plane, rows: Plane) -> Plane:
    """Displacements (h, w, 2) by dense inverse search; none where without it the patterns differ no more.

    Where there is no detail, what the search finds is that of the grain.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(1)
    flow = search.calc(first, second, np.zeros((*first.shape, 2), np.float32))
    moved = cv2.remap(second, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    with_motion, without = (
        cv2.blur(cv2.absdiff(first, other).astype(np.float32), (9, 9)) for other in (moved, second)
    )
    flow[without < _STILL * with_motion + 1] = 0
    return np.asarray(flow)


def _likeness(ours: Plane, theirs: Plane) -> float:
    """Correlation of two patterns, -1 to 1; what has next to no detail is alike."""
    ours, theirs = (cv2.GaussianBlur(plane, (0, 0), 1.2) for plane in (ours, theirs))
    even = np.float32(_EVEN * ours.size)
    powers = (float(np.vdot(plane, plane) + even) for plane in (ours, theirs))
    return float(np.vdot(ours, theirs) + even) / float(np.sqrt(np.prod(list(powers))))


def _change(before: Image, after: Image, trust: Plane, same: float) -> PairChange:
    """Measure the change between aligned tones (C, h, w); `trust` (h, w): where they show the same things."""
    change = (cv2.log(after + np.float32(OFFSET)) - cv2.log(before + np.float32(OFFSET))) / np.log(2)
    change = change.astype(np.float32).reshape(before.shape)
    midway = (before + after) / 2
    shown = darkness(midway)
    curves, left = [], []
    usable = trust.ravel() > 0.5
    for channel in range(len(before)):
        samples = (plane[channel].ravel()[usable] for plane in (change, midway, shown))
        curve = fit_curve(*samples)
        curves.append(curve)
        explained = curve_at(curve, midway[channel].ravel()).reshape(trust.shape) * shown[channel]
        left.append(change[channel] - explained.astype(np.float32))
    rest = luma_of(np.stack(left))
    visible = luma_of(shown)
    field, seen = _field(rest, visible, trust)
    off = np.abs(rest - visible * _spread_out(field, rest.shape))
    follows = (off < _FOLLOWS) & (trust > 0.5)
    return PairChange(
        np.stack(curves), field.astype(np.float64), seen.astype(np.float64), same * float(follows.mean())
    )


def _field(rest: Plane, shown: Plane, trust: Plane) -> tuple[Plane, Plane]:
    """Fit gains (rows, columns) to what the curves leave, and the share of each cell that follows them.

    Reweighted least squares (Geman and McClure's weights, from wide to narrow), each cell with a little of
    its neighbours: what moved within a cell is outvoted, and where nothing can be told the gain is 0.
    """
    field = np.zeros(GRID, np.float32)
    for spread in _SPREADS:
        left = rest - shown * _spread_out(field, rest.shape)
        off = left * np.float32(1 / spread)
        power = trust / np.square(1 + off * off) * shown
        seen = _gathered(power * shown)
        # What is left is fitted, not the whole: cells are smoothed by it, the field is not.
        field += (_gathered(power * left) - np.float32(_PRIOR) * field) / (seen + np.float32(_PRIOR))
    return field, np.asarray(seen)


def _gathered(plane: Plane) -> Plane:
    """Means of a plane over cells and, a little, those beside them: (rows, columns)."""
    cells = cv2.resize(plane, (GRID[1], GRID[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(cells, (3, 3), 0.7, borderType=cv2.BORDER_REPLICATE))


def _spread_out(field: Plane, shape: tuple[int, ...]) -> Plane:
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))
