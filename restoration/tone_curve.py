"""How tones change from one frame to the next: a robust curve between two pictures of the same things.

A curve gives a gain, in log2, for every tone: `value -> value * 2 ** gain(value)`. So black stays black, and
a change of exposure is a level line. Curves are given at fixed knots, which lie closer where pictures are
dark; between them they are straight when fitted, smooth when applied.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

Values = npt.NDArray[Any]
"""float64, unless said otherwise."""

OFFSET = 0.01
"""Added to values before their logarithm: what noise there is near black must not rule."""
KNOT_COUNT = 12
_CODES = 65536
_STIFFNESS = 0.015  # weight of a curve's bends beside its samples
_LEVEL = 0.002  # and of its slopes: a tone that is not in the picture changes as the nearest ones do
_FEWEST = 40  # samples that a curve needs
_SPREADS = (4.0, 2.5, 1.5, 1.0, 1.0)  # rounds of the fit, from wide to narrow, in times the noise
_QUIETEST = 0.006  # least noise assumed, in log2


def _place(values: Values) -> Values:
    """Where values in [0, 1] lie among the knots, as an index with a fraction."""
    scale = np.log2(np.maximum(values, 0) + 0.02) + 2 * np.square(values)
    return np.asarray((scale - _FLOOR) * _STEP_INVERSE)


_FLOOR = float(np.log2(0.02))
_STEP_INVERSE = (KNOT_COUNT - 1) / (float(np.log2(1.02)) + 2 - _FLOOR)
_CODE_VALUES = np.arange(_CODES) / (_CODES - 1)
_CODE_PLACES = _place(_CODE_VALUES)
KNOTS: Values = np.interp(np.arange(KNOT_COUNT), _CODE_PLACES, _CODE_VALUES)
"""The tones (knots,), rising from 0 to 1, at which every curve is given."""

_BENDS = np.diff(np.eye(KNOT_COUNT), 2, axis=0)
_SLOPES = np.diff(np.eye(KNOT_COUNT), 1, axis=0)
_SMOOTHNESS = _STIFFNESS * _BENDS.T @ _BENDS + _LEVEL * _SLOPES.T @ _SLOPES


def darkness(values: Plane) -> Plane:
    """How much of a gain's change shows in `log2(value + OFFSET)`: 0 at black, near 1 elsewhere."""
    return np.asarray(values / (values + np.float32(OFFSET)))


def curve_at(curve: Values, values: Values) -> Values:
    """A curve (..., knots) at values (...), or (..., n) of them for each curve, by straight lines."""
    place = _place(values)
    left = np.clip(place.astype(np.intp), 0, KNOT_COUNT - 2)
    share = place - left
    below = np.take_along_axis(curve, left, axis=-1)
    above = np.take_along_axis(curve, left + 1, axis=-1)
    return np.asarray(below + (above - below) * share)


def fit_curve(change: Plane, midway: Plane, shown: Plane) -> Values:
    """Fit the gains (knots,) that explain `change`, the difference of `log2(value + OFFSET)` of two pictures.

    `midway`: the tones midway between the two; `shown`: their `darkness`. All (n,). Reweighted least squares
    (Tukey's biweight, from wide to narrow): what moved or is dirty in one picture is an outlier. Straight
    lines between knots whose bends and slopes cost something; zero where there is nothing to see.
    """
    if change.size < _FEWEST:
        return np.zeros(KNOT_COUNT)
    place = _place(midway)
    left = np.clip(place.astype(np.intp), 0, KNOT_COUNT - 2)
    share = place - left
    rising, falling = shown * share, shown * (1 - share)
    start = float(np.median(change[shown > 0.7])) if np.count_nonzero(shown > 0.7) > _FEWEST else 0.0
    curve = np.full(KNOT_COUNT, start)
    for width in _SPREADS:
        residual = np.abs(change - (curve[left] * falling + curve[left + 1] * rising))
        spread = max(1.4826 * float(np.median(residual)), _QUIETEST)
        weight = np.square(np.clip(1 - np.square(residual / (4.7 * width * spread)), 0, None))
        curve = _weighted_fit(left, falling, rising, change, weight)
    return curve


def _weighted_fit(
    left: npt.NDArray[np.intp], falling: Values, rising: Values, change: Values, weight: Values
) -> Values:
    """Solve the normal equations, which are three diagonals."""
    total = max(float(weight.sum()), 1e-9)
    size = KNOT_COUNT
    down, up = weight * falling, weight * rising
    between = np.bincount(left, down * rising, minlength=size)[: size - 1]
    diagonal = np.bincount(left, down * falling, minlength=size)
    diagonal[1:] += np.bincount(left, up * rising, minlength=size)[: size - 1]
    target = np.bincount(left, down * change, minlength=size)
    target[1:] += np.bincount(left, up * change, minlength=size)[: size - 1]
    matrix = (np.diag(diagonal) + np.diag(between, 1) + np.diag(between, -1)) / total + _SMOOTHNESS
    matrix[0, 0] += 1e-6
    return np.linalg.solve(matrix, target / total)


def apply_curve(plane: Plane, curve: Values) -> Plane:
    """Apply gains (knots,) to a plane (H, W) float32 in [0, 1]; the curve is made smooth and kept rising.

    Works on 16-bit codes, as frames are stored. All gains zero return the plane itself.
    """
    if not curve.any():
        return plane
    gains = np.exp2(_SMOOTH_BASIS @ curve.astype(np.float32))
    table = np.minimum(np.maximum.accumulate(_SMOOTH_VALUES * gains), np.float32(1))
    codes = (plane * np.float32(_CODES - 1) + np.float32(0.5)).astype(np.uint16)
    return np.asarray(np.take(table, codes))


def _smooth_basis() -> Values:
    """Natural cubic splines through each knot in turn: (codes, knots) float32."""
    second = np.zeros((KNOT_COUNT, KNOT_COUNT))
    inner = 4 * np.eye(KNOT_COUNT - 2) + np.eye(KNOT_COUNT - 2, k=1) + np.eye(KNOT_COUNT - 2, k=-1)
    second[1:-1] = np.linalg.solve(inner, 6 * _BENDS)
    left = np.clip(_CODE_PLACES, 0, KNOT_COUNT - 1 - 1e-9).astype(np.intp)
    share = (_CODE_PLACES - left)[:, None]
    unit = np.eye(KNOT_COUNT)
    ahead = share * unit[left + 1] + (share**3 - share) / 6 * second[left + 1]
    behind = (1 - share) * unit[left] + ((1 - share) ** 3 - (1 - share)) / 6 * second[left]
    return np.asarray(ahead + behind, dtype=np.float32)


_SMOOTH_BASIS = _smooth_basis()
_SMOOTH_VALUES = _CODE_VALUES.astype(np.float32)
