"""Grain given back: what mixing and moving took from a filled place, measured around it."""

from functools import lru_cache

import cv2
import numpy as np

from reelfix.restoration.arrays import Image, Plane
from reelfix.restoration.regions import Region
from reelfix.restoration.spreading import spread_all

_TILE = 256  # pixels: side of the piece of noise that grain is taken from
_SEED = 1896
_FINEST, _COARSEST = 0.3, 1.5  # pixels: deviation of a clump
_PRIOR = (0.25, 100.0)  # correlation of neighbours expected, and the pixels it counts for
_FLAT = np.float32(2.0)  # how far texture is kept out of the measure


def grain_missing(here: Image, filled: Image, sound: Plane, region: Region, number: int) -> Image:
    """Return the grain (C, h, w) that `filled` lacks beside `here`, both (C, h, w).

    Where both show the same sound scene (`sound`, bool (h, w)), what one has more in fine detail than the
    other is what was lost on the way: to mixing and to interpolation. So much is given back, of the
    clumps' size there. The same place of the same frame `number` always gets the same grain.
    """
    channels = len(here)
    fine_here, fine_filled = (
        np.stack([_fine(plane) for plane in image], axis=-1) for image in (here, filled)
    )
    weight = (
        sound / np.square(cv2.blur(np.square(fine_filled).mean(axis=2), (5, 5)) + np.float32(1e-5)) ** 0.5
    )
    weight = (weight * np.float32(1e-5))[..., None]
    energies = np.stack([np.square(fine_here), np.square(fine_filled)], axis=-1)  # hxwxCx2
    energies = energies.reshape(*sound.shape, 1, 2 * channels)
    values = np.asarray(cv2.blur((energies * weight[..., None])[:, :, 0], (7, 7)))
    share = np.asarray(cv2.blur(weight[..., 0], (7, 7)))[..., None]
    means = spread_all((values / np.maximum(share, np.float32(1e-6)))[:, :, None], share, factor=2)
    means = means.reshape(*sound.shape, channels, 2)
    lost = np.clip(means[..., 0] - means[..., 1], 0, None)  # hxwxC
    apart = (here - filled) * sound
    clump, common = _clump(apart, sound), _common(apart)
    noise = _noise_at(region, number, channels, clump, common)
    return np.asarray(noise * np.sqrt(lost).transpose(2, 0, 1))


def _fine(plane: Plane) -> Plane:
    return np.asarray(plane - cv2.blur(plane, (3, 3)))


def _clump(apart: Image, sound: Plane) -> float:
    """Deviation of a clump in pixels: noise blurred so far has neighbours correlated by exp(-1 / 4 s^2)."""
    pairs = (sound[:, 1:] & sound[:, :-1]).astype(np.float32)
    product = float((apart[:, :, 1:] * apart[:, :, :-1] * pairs).sum())
    square = float((np.square(apart[:, :, 1:]) * pairs).sum())
    expected, count = _PRIOR
    every = max(float(pairs.sum()) * len(apart), 1.0)
    mean = square / every
    correlation = (product + expected * count * mean) / max(square + count * mean, 1e-12)
    correlation = min(max(correlation, 0.01), 0.9)
    return float(np.clip(np.sqrt(-0.25 / np.log(correlation)), _FINEST, _COARSEST))


def _common(apart: Image) -> float:
    """Share of the grain's energy that all channels have in common."""
    if len(apart) == 1:
        return 1.0
    square = float(np.square(apart).sum()) / len(apart)
    product = float((apart[0] * apart[1] + apart[1] * apart[2] + apart[2] * apart[0]).sum()) / 3
    return float(np.clip(product / max(square, 1e-12), 0, 1))


def _noise_at(region: Region, number: int, channels: int, clump: float, common: float) -> Image:
    """Noise (C, h, w) of which the fine detail has a mean square of 1, for a place of a frame."""
    tile = _tile(round(clump, 1))
    turns = np.random.default_rng((_SEED, number)).integers(_TILE, size=(channels + 1, 2))
    rows = np.arange(region.rows.start, region.rows.stop)
    columns = np.arange(region.columns.start, region.columns.stop)
    layers = [tile[np.ix_((rows + down) % _TILE, (columns + across) % _TILE)] for down, across in turns]
    if common >= 1:
        return np.stack(layers[:1] * channels)
    own, shared = np.float32(np.sqrt(1 - common)), np.float32(np.sqrt(common))
    return np.stack([shared * layers[0] + own * layer for layer in layers[1:]])


@lru_cache(maxsize=32)
def _tile(clump: float) -> Plane:
    """A piece of noise (tile, tile) that repeats without a seam, its clumps of this deviation."""
    white = np.random.default_rng(_SEED).standard_normal((_TILE, _TILE), np.float32)
    wrapped = np.pad(white, 16, mode="wrap")
    blurred = np.asarray(cv2.GaussianBlur(wrapped, (0, 0), clump))
    fine = _fine(blurred)[16:-16, 16:-16]
    tile = blurred[16:-16, 16:-16] / np.sqrt(np.square(fine).mean())
    tile.setflags(write=False)
    return np.asarray(tile, dtype=np.float32)
