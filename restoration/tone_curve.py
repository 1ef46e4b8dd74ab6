"""How tones change from one frame to the next: a robust curve between two frames of the same scene.

Tones are handled on a logarithmic scale, `log2(value + 0.02)`: there a change of exposure is nearly a shift,
and black stays black. A curve is piecewise linear over fixed knots.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

Values = npt.NDArray[Any]
"""float64."""

_OFFSET = 0.02
KNOTS: Values = np.linspace(np.log2(_OFFSET), np.log2(1 + _OFFSET), 8)
"""Knots of every curve, in log tones; those of black and of peak are the outer ones."""

_DARKEST, _BRIGHTEST = 0.008, 0.985  # beyond these a tone may be clipped: it tells nothing of the light
_STIFFNESS = 0.02  # weight of a curve's bends beside its samples
_FEWEST = 40  # samples that a curve needs
_ROUNDS = 6


def log_tone(values: Plane) -> Values:
    """Log tones of values in [0, 1]."""
    return np.log2(np.maximum(values, 0).astype(np.float64) + _OFFSET)


def from_log_tone(tones: Values) -> Values:
    """Values in [0, 1] of log tones."""
    return np.clip(np.exp2(tones) - _OFFSET, 0, 1)


def thumbnail(plane: Plane) -> Plane:
    """Reduce a plane to means over up to 8 x 8 pixels: enough for its light, little of its dirt and grain."""
    height, width = plane.shape
    factor = max(min(8, min(height, width) // 24), 1)
    size = (-(-width // factor), -(-height // factor))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


@dataclass(frozen=True)
class ToneStep:
    """The change of log tones from one frame to another, as a function of the tone midway between the two."""

    change: Values
    """At KNOTS."""
    agreement: float
    """Share of the picture, 0 to 1, that follows the curve: little across a cut."""

    def ahead(self, tones: Values) -> Values:
        """Log tones in the second frame of what has `tones` in the first."""
        change = np.interp(tones, KNOTS, self.change)
        return tones + np.interp(tones + change / 2, KNOTS, self.change)

    def back(self, tones: Values) -> Values:
        """Log tones in the first frame of what has `tones` in the second."""
        change = np.interp(tones, KNOTS, self.change)
        return tones - np.interp(tones - change / 2, KNOTS, self.change)


def tone_step(first: Plane, second: Plane) -> ToneStep:
    """Fit the curve between two thumbnails of the same place by reweighted least squares (Tukey's biweight).

    Pixels pair up by place, not by rank: what moves or is dirty in one frame is an outlier, and an object
    that comes into the picture changes no curve.
    """
    usable = np.minimum(first, second) > _DARKEST
    usable &= np.maximum(first, second) < _BRIGHTEST
    if np.count_nonzero(usable) < _FEWEST:
        return ToneStep(np.zeros(len(KNOTS)), 1.0 if usable.size else 0.0)
    before, after = log_tone(first[usable]), log_tone(second[usable])
    change, midway = after - before, (after + before) / 2
    place = np.clip((midway - KNOTS[0]) / (KNOTS[1] - KNOTS[0]), 0, len(KNOTS) - 1 - 1e-9)
    left = place.astype(np.intp)
    share = place - left
    curve = np.full(len(KNOTS), float(np.median(change)))
    weight = np.ones(len(change))
    for _ in range(_ROUNDS):
        residual = change - (curve[left] * (1 - share) + curve[left + 1] * share)
        spread = max(1.4826 * float(np.median(np.abs(residual))), 0.004)
        weight = np.square(np.clip(1 - np.square(residual / (4.7 * spread)), 0, None))
        curve = _weighted_curve(left, share, change, weight)
    residual = change - (curve[left] * (1 - share) + curve[left + 1] * share)
    return ToneStep(curve, float(np.mean(np.abs(residual) < 0.25)))


def _weighted_curve(left: npt.NDArray[np.intp], share: Values, change: Values, weight: Values) -> Values:
    """Solve the normal equations of a piecewise linear fit whose bends are held small."""
    size = len(KNOTS)
    total = max(float(weight.sum()), 1e-9)
    matrix = np.zeros((size, size))
    for row, column, product in (
        (0, 0, (1 - share) ** 2),
        (0, 1, (1 - share) * share),
        (1, 0, (1 - share) * share),
        (1, 1, share**2),
    ):
        sums = np.bincount(left, weight * product, minlength=size - 1) / total
        index = np.arange(size - 1)
        np.add.at(matrix, (index + row, index + column), sums[: size - 1])
    target = np.bincount(left, weight * change * (1 - share), minlength=size)
    target += np.bincount(left + 1, weight * change * share, minlength=size)
    bends = np.diff(np.eye(size), 2, axis=0)
    slopes = np.diff(np.eye(size), 1, axis=0)
    matrix += _STIFFNESS * np.einsum("ki,kj->ij", bends, bends)
    matrix += 0.1 * _STIFFNESS * np.einsum("ki,kj->ij", slopes, slopes)
    return np.linalg.solve(matrix, target / total)
