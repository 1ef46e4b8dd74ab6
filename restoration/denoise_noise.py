"""The noise of a frame: how strong at which tone, and how its energy is spread over frequencies."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.denoise_blocks import SIDE

_TONES = 16
_SAMPLES = 80_000  # pixels looked at, about
_DEVIATION = 1.4826 / np.sqrt(2)  # of one plane, from the median absolute difference of two
_DOUBT = 100.0  # pixels: a tone that fewer have borrows its noise from the others
_LEAST_TRUST = 0.5
_FEWEST = 400  # trusted pixels: from fewer no noise is told
_BLOCKS = 6_000  # looked at, at most
_WEAKEST = 0.05  # of all frequencies' mean
LEAST = 0.002
"""Least standard deviation, half a code value of 255: below it there is nothing to take away."""


@dataclass(frozen=True)
class NoiseLevel:
    """Standard deviation of the noise by tone."""

    deviations: npt.NDArray[np.float32]
    """float32 (256,), at tones of 0 to 1."""

    def at(self, tone: Plane) -> Plane:
        """Standard deviation (H, W) at each pixel of `tone`, (H, W) in [0, 1]."""
        codes = cv2.convertScaleAbs(cv2.blur(tone, (3, 3)), alpha=255)
        return np.asarray(cv2.LUT(codes, self.deviations))


def noise_level(here: Plane, there: Plane, tone: Plane, trust: Plane) -> NoiseLevel | None:
    """Tell the noise of `here` from its difference to `there`, the same scene brought along the motion.

    Both float32 (H, W); `tone` (H, W) in [0, 1] tells light from dark, `trust` in [0, 1] how far the motion
    can be relied on, on the grid of half size (ceil(H / 2), ceil(W / 2)). Medians, so that what moved
    otherwise does not count. None where too little can be relied on, as across a cut.
    """
    every = max(round(float(np.sqrt(trust.size / _SAMPLES))), 1)
    apart, tones = (plane[:: 2 * every, :: 2 * every] for plane in (here, tone))
    apart = np.abs(apart - there[:: 2 * every, :: 2 * every])
    sound = trust[::every, ::every] > _LEAST_TRUST
    if np.count_nonzero(sound) < min(_FEWEST, sound.size // 10 + 1):
        return None
    apart, tones = apart[sound], tones[sound]
    overall = float(np.median(apart)) * _DEVIATION
    bins = np.clip(tones * _TONES, 0, _TONES - 1).astype(np.intp)
    levels = np.empty(_TONES)
    for index in range(_TONES):
        of_tone = apart[bins == index]
        own = float(np.median(of_tone)) * _DEVIATION if len(of_tone) else overall
        levels[index] = (own * len(of_tone) + overall * _DOUBT) / (len(of_tone) + _DOUBT)
    places = np.linspace(0, 1, 256) * _TONES - 0.5
    smooth = np.interp(places, np.arange(_TONES), levels)
    return NoiseLevel(np.maximum(smooth, LEAST).astype(np.float32))


def quieter(levels: list[NoiseLevel]) -> NoiseLevel:
    """The lesser of several estimates, tone by tone: motion that fails adds to a difference, never takes."""
    return NoiseLevel(np.minimum.reduce([level.deviations for level in levels]))


def spectrum(coefficients: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Relative deviation of noise per frequency (8, 8), from block coefficients of differences over theirs.

    Grain comes in clumps: its fine frequencies are weak. White noise gives 1 throughout; the mean square is
    1. The busiest quarter of the blocks, where the motion may be wrong, is left out. `coefficients`:
    (64, blocks), see `BlockTransform`.
    """
    sample = coefficients[:, :: coefficients.shape[1] // _BLOCKS + 1]
    energy = np.square(sample[1:]).sum(axis=0)
    calm = sample[:, energy <= np.quantile(energy, 0.75)]
    deviation = np.median(np.abs(calm), axis=1)
    scale = float(np.sqrt(np.mean(np.square(deviation))))
    if scale == 0:
        return np.ones((SIDE, SIDE), np.float32)
    relative = np.maximum(deviation / scale, _WEAKEST).astype(np.float32)
    return np.asarray(relative.reshape(SIDE, SIDE))
