"""Between a chroma plane and the luma's grid, chroma samples standing where the stream says they do.

Plain IEEE additions and multiplications only, in a fixed order: every machine gets the same bits, so that a
frame left alone on one machine is found unchanged on another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""(H, W), float32."""


@dataclass(frozen=True)
class Axis:
    """Chroma samples along one direction: one for every `step` luma samples."""

    log2_step: int
    offset: float
    """Place of a chroma sample between the first (0) and the last (1) luma sample that share it."""

    @property
    def step(self) -> int:
        """Luma samples per chroma sample: 1, 2 or 4."""
        return 1 << self.log2_step

    @cached_property
    def phases(self) -> tuple[tuple[int, np.float32], ...]:
        """Per luma sample of a step: the chroma sample not after it, relative, and the weight of the next."""
        found = []
        for phase in range(self.step):
            place = (phase - self.offset * (self.step - 1)) / self.step
            found.append((int(np.floor(place)), np.float32(place - np.floor(place))))
        return tuple(found)

    @cached_property
    def taps(self) -> tuple[tuple[int, np.float32], ...]:
        """Luma samples, relative to a step's first, and weights: a triangle, one chroma step to each side."""
        centre = self.offset * (self.step - 1)
        places = np.arange(-self.step, 2 * self.step + 1)
        weights = np.clip(1 - np.abs(places - centre) / self.step, 0, None)
        weights /= weights.sum()
        return tuple(
            (int(place), np.float32(weight))
            for place, weight in zip(places, weights, strict=True)
            if weight > 0
        )


@dataclass(frozen=True)
class ChromaGrid:
    """How a format's chroma planes lie on its luma."""

    vertical: Axis
    horizontal: Axis

    def upsample(self, chroma: Plane, height: int, width: int) -> Plane:
        """Interpolate linearly at every luma sample; outside the plane its edge goes on."""
        rows = _upsampled(chroma, self.vertical, height)
        return _upsampled(rows.T, self.horizontal, width).T if self.horizontal.log2_step else rows

    def downsample(self, luma: Plane) -> Plane:
        """Weigh the luma about every chroma sample by a triangle; outside the plane its edge goes on."""
        rows = _downsampled(luma, self.vertical)
        return _downsampled(rows.T, self.horizontal).T if self.horizontal.log2_step else rows


def _padded(values: Plane, before: int, after: int) -> Plane:
    """Repeat the first and last row."""
    return np.concatenate([values[:1]] * before + [values] + [values[-1:]] * after)


def _upsampled(values: Plane, axis: Axis, size: int) -> Plane:
    """Along the first axis: (K, N) to (size, N)."""
    if axis.log2_step == 0:
        return values
    padded = _padded(values, 1, 1)  # K+2xN
    # As the values lie in memory: a transposed plane stays transposed.
    result = np.empty_like(values, shape=(size, *values.shape[1:]))
    for phase, (place, weight) in enumerate(axis.phases):
        count = len(range(phase, size, axis.step))
        first = padded[1 + place : 1 + place + count]
        if weight == 0:
            result[phase :: axis.step] = first
        else:
            part = (padded[2 + place : 2 + place + count] - first) * weight
            part += first
            result[phase :: axis.step] = part
    return result


def _downsampled(values: Plane, axis: Axis) -> Plane:
    """Along the first axis: (N, M) to (K, M)."""
    if axis.log2_step == 0:
        return values
    step, taps = axis.step, axis.taps
    count = -(-len(values) // step)
    before = -taps[0][0]
    padded = _padded(values, max(before, 0), step + taps[-1][0])
    return _weighted(
        [padded[before + place :: step][:count] for place, _ in taps], [weight for _, weight in taps]
    )


def _weighted(parts: Sequence[Plane], weights: Sequence[np.float32]) -> Plane:
    total = parts[0] * weights[0]
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        total += part * weight
    return total
