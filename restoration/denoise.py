"""Grain and noise taken out along the motion: what neighbouring frames show of a place, averaged.

A neighbour counts at a pixel by how well it agrees with the frame there, patch against patch, given the
noise (non-local means along trajectories: Boulanger, Kervrann, Bouthemy, "Space-time adaptation for
patch-based image sequence restoration", 2007). What noise is left, little where many agree and all of it
where nothing does, is then shrunk within the frame, so that the picture is even.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array, half_size
from reelfix.restoration.denoise_blocks import BlockTransform
from reelfix.restoration.denoise_noise import noise_level, quieter, spectrum
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Motion, picture_maps
from reelfix.restoration.neighbours import repeats_in

_OWN = np.float32(1.25)  # weight of the frame itself; that of a neighbour is at most 1
_TRUSTED = np.float32(0.5)  # share of a neighbour's weight that confidence in the motion decides
_TOLERATED = 0.1  # squared difference beyond its mean, in noise, that is nothing but white noise
_STEEPNESS = 1.5  # with which the weight falls beyond that
_CLUMPIEST = 5.0
_WIDE = 5  # points of half size across which a slight but common difference is told: smoke, shadows, fog
_WIDE_TOLERATED, _WIDE_STEEPNESS = np.float32(4.0), np.float32(0.1)
_FLICKER = np.float32(0.006)  # deviation below which a common difference may be light that flickers
_OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
_SHARES = (0.5, 0.25, 0.25)  # of luma and the two colour differences in telling likeness


@dataclass(frozen=True)
class _Brought:
    """A neighbouring frame as seen from the one in hand."""

    planes: Image
    """float32 (C, H, W)."""
    trust: Plane
    """float32 (h, w) in [0, 1], half size."""


def denoise(
    frames: torch.Tensor, motion: Motion, core: slice, *, radius: int = 5, strength: float = 1.0
) -> torch.Tensor:
    """Return `frames[core]` with grain and noise taken out.

    `frames` float32 (T, C, H, W) in [0, 1], C = 1 or 3, and `motion` of the same frames, with `radius` frames
    more than the core on either side where the shot has them. `strength` blends the result with the frames:
    0 is the identity, bit for bit. A frame that no other shows anew is left as it is.
    """
    if strength == 0 or len(frames) < 2:
        return frames[core].clone()
    images = map_frames(_opponents, list(as_array(frames)))
    repeats = repeats_in([_tone(image) for image in images])
    transform = BlockTransform(*images[0].shape[1:])

    def quiet(t: int) -> Image:
        steps = _steps(repeats, t, radius)
        source = as_array(frames[t])
        if not steps:
            return source
        clean = _denoised(images[t], _neighbours(images, motion, t, steps), transform)
        mixed = np.clip(_colours(clean), 0, 1)
        if strength < 1:
            mixed = source + (mixed - source) * np.float32(strength)
        return np.asarray(mixed)

    results = map_frames(quiet, range(*core.indices(len(images))))
    return torch.from_numpy(np.stack(results)).to(frames.device)


def _opponents(frame: Image) -> Image:
    """Colours (3, H, W) turned to luma and two differences, an orthonormal change; one channel as it is."""
    if len(frame) == 1:
        return frame
    return np.asarray(np.einsum("oc,chw->ohw", _OPPONENT.astype(np.float32), frame))


def _colours(planes: Image) -> Image:
    """Undo `_opponents`."""
    if len(planes) == 1:
        return planes
    return np.asarray(np.einsum("oc,ohw->chw", _OPPONENT.astype(np.float32), planes))


def _tone(planes: Image) -> Plane:
    """How light each pixel is, (H, W) in [0, 1]."""
    return np.asarray(planes[0] if len(planes) == 1 else planes[0] * np.float32(1 / np.sqrt(3)))


def _steps(repeats: list[bool], frame: int, radius: int) -> list[int]:
    """Steps to the frames within `radius` that repeat none nearer, the nearest first."""
    steps = []
    for distance in range(1, radius + 1):
        for way in (-1, 1):
            there = frame + way * distance
            if 0 <= there <= len(repeats) and not repeats[min(there, there - way)]:
                steps.append(way * distance)
    return steps


def _neighbours(images: list[Image], motion: Motion, frame: int, steps: list[int]) -> Iterator[_Brought]:
    """Bring the frames at `steps` from `frame` along the motion."""
    flows = motion.flows(frame, steps)
    height, width = images[frame].shape[1:]
    for step in steps:
        flow, confidence = flows[step]
        maps = picture_maps(flow, height, width)
        planes = np.empty_like(images[frame])
        for plane, there in zip(planes, images[frame + step], strict=True):
            cv2.remap(there, *maps, cv2.INTER_CUBIC, dst=plane, borderMode=cv2.BORDER_REPLICATE)
        yield _Brought(planes, confidence)


def _denoised(here: Image, neighbours: Iterator[_Brought], transform: BlockTransform) -> Image:
    """Average a frame (C, H, W) with its neighbours where they agree, and shrink what noise is left."""
    nearest = list(islice(neighbours, 2))
    noise = _noise_of(here, nearest, transform)
    if noise is None:
        return here
    added, product = np.zeros_like(here), np.empty_like(here[0])
    total = np.full(noise[0].deviation.shape, _OWN, np.float32)
    squares = np.full_like(total, _OWN * _OWN)
    for other in chain(nearest, neighbours):
        differences = np.subtract(other.planes, here, out=other.planes)
        weight = _likeness(differences, noise) * (1 - _TRUSTED + _TRUSTED * other.trust)
        total += weight
        squares += weight * weight
        share = _full_size(weight, product.shape)
        for sums, difference in zip(added, differences, strict=True):
            sums += np.multiply(difference, share, out=product)
    added /= _full_size(total, product.shape)
    added += here
    left = np.sqrt(squares) / total  # of the noise, after so many were averaged
    return np.stack(
        [
            transform.shrunk(plane, _full_size(own.deviation * left, plane.shape), own.spectrum)
            for plane, own in zip(added, noise, strict=True)
        ]
    )


def _full_size(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Enlarge a plane (h, w) of half size to the picture's (H, W)."""
    height, width = plane.shape
    whole = cv2.resize(plane, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[: shape[0], : shape[1]])


@dataclass(frozen=True)
class _Noise:
    """The noise of one plane."""

    deviation: Plane
    """float32 (h, w), half size."""
    spectrum: Plane
    """float32 (8, 8), see `spectrum`."""
    precision: Plane
    """float32 (h, w): what squared differences of two frames are to be multiplied by."""
    precision_at_large: Plane
    """float32 (h, w): what their differences are, before they are averaged."""


def _noise_of(here: Image, nearest: list[_Brought], transform: BlockTransform) -> list[_Noise] | None:
    """Tell the noise of each plane of a frame (C, H, W); None where no neighbour can be relied on."""
    tone = _tone(here)
    small_tone = half_size(tone)
    noise = []
    for channel, plane in enumerate(here):
        found = [
            (level, other.planes[channel])
            for other in nearest
            if (level := noise_level(plane, other.planes[channel], tone, other.trust)) is not None
        ]
        if not found:
            return None
        deviation = quieter([level for level, _ in found]).at(small_tone)
        _, likest = min(found, key=lambda pair: float(pair[0].deviations.mean()))
        differing = (plane - likest) / _full_size(deviation, plane.shape)
        precision = 1 / (2 * np.square(deviation))
        at_large = 1 / np.maximum(deviation, _FLICKER)
        noise.append(_Noise(deviation, spectrum(transform.coefficients(differing)), precision, at_large))
    return noise


def _likeness(differences: Image, noise: list[_Noise]) -> Plane:
    """Weight (h, w) in (0, 1], half size: how far do `differences` (C, H, W) exceed the noise about it?"""
    shares = _SHARES if len(differences) == 3 else (1.0,)
    squared = np.zeros_like(noise[0].deviation)
    for difference, own, share in zip(differences, noise, shares, strict=True):
        squared += half_size(difference * difference) * (own.precision * np.float32(share))
    around = np.asarray(cv2.blur(squared, (3, 3)))
    # Noise in clumps makes patches differ by chance more than white noise does.
    clumps = min(float(np.mean(noise[0].spectrum ** 4)), _CLUMPIEST)
    tolerated, steepness = 1 + _TOLERATED * clumps, _STEEPNESS / np.sqrt(clumps)
    alike = np.minimum(np.float32(tolerated) - around, 0) * np.float32(steepness)
    return np.asarray(cv2.exp(alike + _alike_at_large(differences[0], noise[0])))


def _alike_at_large(difference: Plane, noise: _Noise) -> Plane:
    """Logarithm of a weight (h, w): does the mean difference about a point exceed what noise leaves of it?"""
    common = np.asarray(cv2.blur(half_size(difference) * noise.precision_at_large, (_WIDE, _WIDE)))
    slow = float(np.mean(np.square(noise.spectrum[:2, :2].ravel()[1:])))  # share of noise that means keep
    excess = np.square(common) * np.float32((2 * _WIDE) ** 2 / (2 * slow))
    return np.asarray(np.minimum(_WIDE_TOLERATED - excess, 0) * _WIDE_STEEPNESS)
