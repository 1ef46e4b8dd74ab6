"""Spikes: how far each pixel of a frame lies outside all that its neighbours in time show there.

The spike detector of Kokaram ("Motion Picture Restoration", Springer 1998, SDIp), with the tolerance of the
rank-ordered one (Nadenau and Mitra, 1997), on pixels and on means.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane

_SEED = 3.0  # spike that begins a blotch, in standard deviations of the noise
_BODY = 1.7  # spike that belongs to one
_TEXTURE = 0.3  # share of the picture's local range that a spike must exceed besides
_NOISE_FLOOR = 0.003
_APART = 1.1  # difference to the mean of two neighbours, over that between them; the latter are smoothed
_DIM = 4  # reduction at which noise is mapped
_FAINT = (4, 12)  # reductions at which faint marks are sought

BODY = _BODY / _SEED
"""Score of what belongs to a blotch; 1 begins one."""


@dataclass(frozen=True)
class Spikes:
    """How far each pixel lies outside what the neighbours show."""

    size: Plane
    """float32 (H, W), signed: positive where brighter."""
    score: Plane
    """float32 (H, W): size in units of what begins a blotch there, never negative."""
    noise: float
    """Standard deviation of the difference to the neighbours' mean, over the frame."""


def spikes_of(luma: Plane, first: Plane, second: Plane, *, is_between: bool) -> Spikes:
    """Compare a frame with two views of it, each float32 (H, W), by pixels and by means.

    What is large and faint is lost in the noise of single pixels, and stands out in means over squares.
    `is_between`: whether the views lie on either side of the frame in time.
    """
    fine = _spikes(luma, first, second, is_between)
    height, width = luma.shape
    score = fine.score
    # A mark that stands out by itself would do so in every mean that takes in a part of it.
    faint = np.where(score > 1, luma - fine.size, luma)
    for dim in _FAINT:
        small = (-(-width // dim), -(-height // dim))
        coarse = _spikes(_reduced(faint, small), _reduced(first, small), _reduced(second, small), is_between)
        # Only what makes a group of its own counts: a mean is carried beyond a small mark's edge.
        group = cv2.morphologyEx(coarse.score, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        score = np.maximum(score, cv2.resize(group, (width, height), interpolation=cv2.INTER_LINEAR))
    return Spikes(fine.size, score, fine.noise)


def excess(plane: Plane, first: Plane, second: Plane) -> Plane:
    """How far `plane` lies outside the range of the other two, signed; all float32 of one shape."""
    return np.asarray(
        np.maximum(plane - np.maximum(first, second), 0) + np.minimum(plane - np.minimum(first, second), 0)
    )


def _reduced(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _spikes(luma: Plane, first: Plane, second: Plane, is_between: bool) -> Spikes:
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
        noise = min(noise, 1.4826 * float(np.median(apart[::4, ::4])))
        local = np.minimum(local, _noise_map(apart, noise + _NOISE_FLOOR))
    tolerance = local * np.float32(_SEED) + span * np.float32(_TEXTURE)
    return Spikes(size, np.abs(size) / tolerance, noise)


def _noise_map(difference: Plane, typical: float) -> Plane:
    """Standard deviation of a difference, locally; what is far beyond the typical counts little."""
    small = cv2.resize(
        np.minimum(difference, 4 * typical),
        (-(-difference.shape[1] // _DIM), -(-difference.shape[0] // _DIM)),
        interpolation=cv2.INTER_AREA,
    )
    local = np.maximum(cv2.blur(small, (15, 15)) * 1.25, 0.6 * typical)
    return np.asarray(cv2.resize(local, difference.shape[::-1], interpolation=cv2.INTER_LINEAR))
