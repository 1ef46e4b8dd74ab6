"""Grain given back: what mixing and moving took from a filled place, measured around it."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.regions import Region
from reelfix.restoration.spreading import mean_of_channels, spread_all

_TILE = 256  # pixels: side of the piece of noise that grain is taken from
_SEED = 1896
_FINEST, _COARSEST = 0.3, 1.5  # pixels: deviation of a clump
_PRIOR = (0.25, 100.0)  # correlation of neighbours expected, and the pixels it counts for
_SMOOTH = np.float32(0.003)  # mean fine detail of a place smooth enough to be measured in
_MOST = 1.3  # times the deviation of the grain, and no more, is given back
_GAUSSIAN = np.float32(0.8222)  # mean root of the size of a normal variable: a few large ones count little


@dataclass(frozen=True)
class Grain:
    """What the grain of a place looks like."""

    deviation: float
    """Its standard deviation; infinite where it could not be told from the scene."""
    clump: float
    """Deviation of a clump, in pixels."""


def grain_missing(
    here: Image, filled: Image, sound: Plane, drawn: Plane, grain: Grain, region: Region, number: int
) -> Image:
    """Return the grain (C, h, w) that `filled` lacks beside `here`, both (C, h, w).

    Where both show the same sound scene (`sound`, bool (h, w)), what one has more in fine detail than the
    other is what was lost on the way: to mixing and to interpolation. So much is given back; what was `drawn`
    in from around, a share (h, w) in [0, 1], has none of its own. The same place of the same frame `number`
    always gets the same grain.
    """
    channels = len(here)
    fine = np.abs(np.stack([_fine(plane) for image in (here, filled) for plane in image], axis=-1))
    fine = np.minimum(fine, np.float32(4) * _median(fine[sound]))
    texture = cv2.blur(mean_of_channels(fine), (5, 5)) + _SMOOTH
    weight = sound * np.square(_SMOOTH / texture)
    sums, share = cv2.blur(np.sqrt(fine) * weight[..., None], (7, 7)), cv2.blur(weight, (7, 7))[..., None]
    means = sums.reshape(fine.shape) / np.maximum(share, np.float32(1e-6))
    around = spread_all(means[:, :, None], share, factor=2)[:, :, 0]  # hxwx2C
    levels = np.square(np.square(around / _GAUSSIAN))
    lost = levels[..., :channels] - levels[..., channels:] * (1 - drawn)[..., None]
    tile, deviation = _tile(round(grain.clump, 1))
    most = (_MOST * grain.deviation / deviation) ** 2
    lost = np.clip(lost, 0, most)
    noise = _noise_at(region, number, tile, channels, _common((here - filled) * sound))
    return np.asarray(noise * np.sqrt(lost).transpose(2, 0, 1))


def _fine(plane: Plane) -> Plane:
    return np.asarray(plane - cv2.blur(plane, (3, 3)))


def clump_of(grain: Plane) -> float:
    """Deviation of a clump in pixels, of `grain` (h, w, ...) without the scene; 0 where it is not known.

    White noise blurred so far has neighbours correlated by exp(-1 / 4 s^2).
    """
    level = float(np.abs(grain).sum()) / max(int(np.count_nonzero(grain)), 1)
    grain = np.where(np.abs(grain) < 3 * level, grain, 0)
    left, right = grain[:, :-1], grain[:, 1:]
    expected, count = _PRIOR
    product = float((left * right).sum()) + expected * count * level**2
    square = float((np.square(left) * (right != 0)).sum()) + count * level**2
    correlation = min(max(product / max(square, 1e-12), 0.01), 0.9)
    return float(np.clip(np.sqrt(-0.25 / np.log(correlation)), _FINEST, _COARSEST))


def _common(apart: Image) -> float:
    """Share of the grain's energy that all channels have in common."""
    if len(apart) == 1:
        return 1.0
    square = float(np.square(apart).sum()) / len(apart)
    product = float((apart[0] * apart[1] + apart[1] * apart[2] + apart[2] * apart[0]).sum()) / 3
    return float(np.clip(product / max(square, 1e-12), 0, 1))


def _noise_at(region: Region, number: int, tile: Plane, channels: int, common: float) -> Image:
    """Noise (C, h, w) of which the fine detail has a mean square of 1, for a place of a frame."""
    height, width = region.rows.stop - region.rows.start, region.columns.stop - region.columns.start
    layers = []
    for down, across in _turns(number)[: channels + 1]:
        top, left = (region.rows.start + down) % _TILE, (region.columns.start + across) % _TILE
        if max(height, width) <= _TILE:
            layers.append(tile[top : top + height, left : left + width])
        else:
            rows, columns = (
                np.arange(begin, begin + size) % _TILE for begin, size in ((top, height), (left, width))
            )
            layers.append(tile[np.ix_(rows, columns)])
    if common >= 1:
        return np.stack(layers[:1] * channels)
    own, shared = np.float32(np.sqrt(1 - common)), np.float32(np.sqrt(common))
    return np.stack([shared * layers[0] + own * layer for layer in layers[1:]])


@lru_cache(maxsize=32)
def _tile(clump: float) -> tuple[Plane, float]:
    """Noise of clumps of this deviation that repeats without a seam: two by two pieces, (2 tile, 2 tile).

    With its standard deviation; the mean square of its fine detail is 1.
    """
    white = np.random.default_rng(_SEED).standard_normal((_TILE, _TILE), np.float32)
    wrapped = np.pad(white, 16, mode="wrap")
    blurred = np.asarray(cv2.GaussianBlur(wrapped, (0, 0), clump))
    fine = _fine(blurred)[16:-16, 16:-16]
    tile = np.tile(blurred[16:-16, 16:-16] / np.sqrt(np.square(fine).mean()), (2, 2))
    tile.setflags(write=False)
    return np.asarray(tile, dtype=np.float32), float(tile.std())


@lru_cache(maxsize=64)
def _turns(number: int) -> list[tuple[int, int]]:
    """How far a frame's piece of noise is turned, rows and columns, for each of four layers."""
    turns = np.random.default_rng((_SEED, number)).integers(_TILE, size=(4, 2))
    return [(int(down), int(across)) for down, across in turns]


def _median(values: Plane) -> np.float32:
    """Median of at most some thousand of the values; 0 of none."""
    some = values.ravel()[:: max(values.size // 2000, 1)]
    return np.float32(np.partition(some, some.size // 2)[some.size // 2] if some.size else 0)
