"""Dirt, dust and hairs: what is on one frame and on neither neighbour.

Pixels are sought by the spike detector of Kokaram ("Motion Picture Restoration", Springer 1998, SDIp), with
the tolerance of the rank-ordered one (Nadenau and Mitra, 1997): they must lie outside all that both
neighbours, brought along the motion, show within a pixel of them, by more than the noise there. Connected
ones are then judged together (`blotches`), since a hand in motion has such pixels too.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.blotches import are_dirt, find_blotches

_SEED = 3.6  # spike that begins a blotch, in standard deviations of the noise
_BODY = 2.0  # spike that belongs to one
_TEXTURE = 0.35  # share of the picture's local range that a spike must exceed besides
_NOISE_FLOOR = 0.004
_APART = 1.1  # difference to the mean of two neighbours, over that between them; the latter are smoothed
_DIM = 4  # reduction at which noise is mapped


@dataclass(frozen=True)
class Spikes:
    """How far each pixel lies outside what the neighbours show."""

    size: Plane
    """float32 (H, W), signed: positive where brighter."""
    score: Plane
    """float32 (H, W): size in units of what begins a blotch there, never negative."""
    noise: float
    """Standard deviation of the difference to the neighbours' mean, over the frame."""


def spikes_of(luma: Plane, views: list[Plane], *, is_between: bool = True) -> Spikes:
    """Compare a frame (H, W) with its two nearest views, each float32 (H, W); see `dirt_probability`."""
    first, second = views[0], views[1]
    high, low = np.maximum(first, second), np.minimum(first, second)
    size = np.maximum(luma - high, 0) + np.minimum(luma - low, 0)
    around = np.ones((3, 3), np.uint8)
    span = cv2.dilate(high, around) - cv2.erode(low, around)
    difference = np.abs(luma - (first + second) * np.float32(0.5))
    noise = 1.4826 * float(np.median(difference[::4, ::4]))
    local = _noise_map(difference, noise + _NOISE_FLOOR)
    if is_between:
        # Dense dirt unsettles the frame's own map, not that of how far its neighbours are apart.
        apart = np.abs(first - second) * np.float32(_APART)
        local = np.minimum(local, _noise_map(apart, noise + _NOISE_FLOOR))
    tolerance = local * np.float32(_SEED) + span * np.float32(_TEXTURE)
    return Spikes(size, np.abs(size) / tolerance, noise)


def dirt_probability(luma: Plane, views: list[Plane], strength: float, *, is_between: bool = True) -> Plane:
    """Probability (H, W) uint8, 255 = 1, that a pixel is dirt; 128 and above means damaged.

    `views`: the frame (H, W) as its neighbours show it, the nearest on either side first; fewer than two
    tell nothing. `is_between`: whether the first two lie on either side of the frame in time.
    `strength` in (0, 1]: with a half, a mark must stand out twice as far to be found.
    """
    if len(views) < 2:
        return np.zeros(luma.shape, np.uint8)
    spikes = spikes_of(luma, views, is_between=is_between)
    score = spikes.score * np.float32(strength)
    blotches = find_blotches(score, body=_BODY / _SEED)
    kept = are_dirt(blotches, luma, views, spikes.size, score, spikes.noise, is_between=is_between)
    if not kept.any():
        return np.zeros(luma.shape, np.uint8)
    return _soft(score, np.asarray(np.append(False, kept)[blotches.labels]))


def _noise_map(difference: Plane, typical: float) -> Plane:
    """Standard deviation of a difference, locally; what is far beyond the typical counts little."""
    small = cv2.resize(
        np.minimum(difference, 4 * typical),
        (-(-difference.shape[1] // _DIM), -(-difference.shape[0] // _DIM)),
        interpolation=cv2.INTER_AREA,
    )
    local = np.maximum(cv2.blur(small, (15, 15)) * 1.25, 0.6 * typical)
    return np.asarray(cv2.resize(local, difference.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _soft(score: Plane, found: Plane) -> Plane:
    """Certainty inside what was found, just damaged in a rim about it."""
    inside = found.astype(np.uint8)
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    certainty = np.clip(160 + 95 * (1 - np.exp(-score)), 0, 255).astype(np.uint8)
    return np.asarray(np.where(inside > 0, certainty, rim * np.uint8(140)))
