"""The noise of a frame: how strong at which tone, and how its energy is spread over frequencies."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.denoise_blocks import SIDE

_TONES = 16
_EVERY = 2  # pixels, each way, of which one is looked at
_DEVIATION = 1.4826 / np.sqrt(2)  # of one plane, from the median absolute difference of two
_DOUBT = 100.0  # pixels: a tone that fewer have borrows its noise from the others
_LEAST_TRUST = 0.5
_FEWEST = 400  # trusted pixels: from fewer no noise is told
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
        codes = cv2.convertScaleAbs(cv2.blur(tone, (5, 5)), alpha=255)
        return np.asarray(cv2.LUT(codes, self.deviations))


def noise_level(here: Plane, there: Plane, tone: Plane, trust: Plane) -> NoiseLevel | None:
    """Tell the noise of `here` from its difference to `there`, the same scene brought along the motion.

    Both float32 (H, W); `tone` in [0, 1] tells light from dark, `trust` in [0, 1] how far the motion can be
    relied on, both (H, W). Medians, so that what moved otherwise does not count. None where too little can
    be relied on, as across a cut.
    """
    apart, tones, sure = (plane[::_EVERY, ::_EVERY] for plane in (np.abs(here - there), tone, trust))
    sound = sure > _LEAST_TRUST
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


def spectrum(tiling: Plane) -> npt.NDArray[np.float32]:
    """Relative deviation of noise per frequency (8, 8), from block coefficients of differences over theirs.

    Grain comes in clumps: its fine frequencies are weak. White noise gives 1 throughout; the mean square is
    1. The busiest quarter of the blocks, where the motion may be wrong, is left out. `tiling`: see
    `BlockTransform`.
    """
    rows, columns = tiling.shape[0] // SIDE, tiling.shape[1] // SIDE
    blocks = tiling.reshape(rows, SIDE, columns, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE * SIDE)
    energy = np.square(blocks[:, 1:]).sum(axis=1)
    calm = blocks[energy <= np.quantile(energy, 0.75)]
    deviation = np.median(np.abs(calm), axis=0)
    scale = float(np.sqrt(np.mean(np.square(deviation))))
    if scale == 0:
        return np.ones((SIDE, SIDE), np.float32)
    relative = np.maximum(deviation / scale, _WEAKEST).astype(np.float32)
    return np.asarray(relative.reshape(SIDE, SIDE))
