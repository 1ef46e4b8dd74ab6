"""Dirt, dust and hairs: what is on one frame and on neither neighbour.

The spike detector of Kokaram ("Motion Picture Restoration", Springer 1998, SDIp) with the tolerance of the
rank-ordered one (Nadenau and Mitra, 1997): a pixel must lie outside all that both neighbours, brought along
the motion, show within a pixel of it, by more than the noise there.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_SEED = 4.0  # spike that begins a blotch, in standard deviations of the noise
_BODY = 2.2  # spike that belongs to one
_TEXTURE = 0.35  # share of the picture's local range that a spike must exceed besides
_NOISE_FLOOR = 0.004
_DIM = 4  # reduction at which noise is mapped


@dataclass(frozen=True)
class Spikes:
    """How far each pixel lies outside what the neighbours show."""

    size: Plane
    """float32 (H, W), signed: positive where brighter."""
    noise: Plane
    """float32 (H, W): standard deviation of size about sound picture, texture allowed for."""


def spikes_of(luma: Plane, views: list[Plane]) -> Spikes | None:
    """Compare a frame (H, W) with its views; None where fewer than two neighbours see it."""
    if len(views) < 2:
        return None
    first, second = views[0], views[1]
    high, low = np.maximum(first, second), np.minimum(first, second)
    size = np.maximum(luma - high, 0) + np.minimum(luma - low, 0)
    around = np.ones((3, 3), np.uint8)
    span = cv2.dilate(high, around) - cv2.erode(low, around)
    noise = _noise_map(luma - (first + second) * np.float32(0.5))
    return Spikes(size, noise + np.float32(_TEXTURE / _SEED) * span)


def dirt_probability(luma: Plane, views: list[Plane], strength: float) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is dirt; 128 and above means damaged.

    `views`: the frame (H, W) as its neighbours show it, the nearest on either side first.
    `strength` in (0, 1]: with a half, a mark must stand out twice as far to be found.
    """
    spikes = spikes_of(luma, views)
    if spikes is None:
        return np.zeros(luma.shape, np.uint8)
    score = np.abs(spikes.size) * np.float32(strength) / (spikes.noise * np.float32(_SEED))
    found = _blotches(score)
    if not found.any():
        return np.zeros(luma.shape, np.uint8)
    return _soft(score, found)


def _noise_map(difference: Plane) -> Plane:
    """Standard deviation of the difference to the neighbours' mean, locally; dirt itself counts little."""
    size = np.abs(difference)
    typical = 1.4826 * float(np.median(size[::4, ::4])) + _NOISE_FLOOR
    small = cv2.resize(
        np.minimum(size, 4 * typical),
        (-(-size.shape[1] // _DIM), -(-size.shape[0] // _DIM)),
        interpolation=cv2.INTER_AREA,
    )
    local = np.maximum(cv2.blur(small, (15, 15)) * 1.25, 0.6 * typical)
    return np.asarray(cv2.resize(local, size.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _blotches(score: Plane) -> Plane:
    """Connected regions of body that hold a seed: bool (H, W)."""
    body = (score > _BODY / _SEED).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[labels[score > 1]] = True
    kept[0] = False
    area = stats[:, cv2.CC_STAT_AREA]
    kept &= area >= 2
    kept &= area < 0.05 * score.size
    return np.asarray(kept[labels])


def _soft(score: Plane, found: Plane) -> Plane:
    """Certainty inside what was found, just damaged in a rim about it."""
    inside = found.astype(np.uint8)
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    certainty = np.clip(160 + 95 * (1 - np.exp(-score)), 0, 255).astype(np.uint8)
    return np.asarray(np.where(inside > 0, certainty, rim * np.uint8(140)))
