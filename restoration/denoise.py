"""Grain and noise taken out along the motion: what neighbouring frames show of a place, averaged.

A neighbour counts at a pixel by how well it agrees with the frame there, patch against patch, given the
noise (non-local means along trajectories: Boulanger, Kervrann, Bouthemy, "Space-time adaptation for
patch-based image sequence restoration", 2007). What noise is left, little where many agree and all of it
where nothing does, is then shrunk within the frame, so that the picture is even.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array
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
_WIDE = 11  # pixels across which a slight but common difference is told: smoke, shadows, fog
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
    """float32 (H, W) in [0, 1]."""


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
        brought = list(_neighbours(images, motion, t, steps))
        clean = _denoised(images[t], brought, transform) if brought else images[t]
        source = as_array(frames[t])
        mixed = source + (np.clip(_colours(clean), 0, 1) - source) * np.float32(strength)
        return np.asarray(mixed if brought else source)

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
        planes = [
            cv2.remap(plane, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            for plane in images[frame + step]
        ]
        grown = cv2.resize(confidence, (2 * flow.shape[1], 2 * flow.shape[0]))
        yield _Brought(np.stack(planes), np.asarray(grown[:height, :width]))


def _denoised(here: Image, brought: list[_Brought], transform: BlockTransform) -> Image:
    """Average a frame (C, H, W) with its neighbours where they agree, and shrink what noise is left."""
    noise = _noise_of(here, brought[:2], transform)
    if noise is None:
        return here
    sums = here * _OWN
    total, squares = np.full_like(here[0], _OWN), np.full_like(here[0], _OWN * _OWN)
    for other in brought:
        weight = _likeness(here, other.planes, noise) * (1 - _TRUSTED + _TRUSTED * other.trust)
        sums += other.planes * weight
        total += weight
        squares += weight * weight
    left = np.sqrt(squares) / total  # of the noise, after so many were averaged
    planes = zip(sums / total, noise, strict=True)
    return np.stack([transform.shrunk(plane, own.deviation * left, own.spectrum) for plane, own in planes])


@dataclass(frozen=True)
class _Noise:
    """The noise of one plane."""

    deviation: Plane
    """float32 (H, W)."""
    spectrum: Plane
    """float32 (8, 8), see `spectrum`."""
    precision: Plane
    """float32 (H, W): what squared differences of two frames are to be multiplied by."""
    precision_at_large: Plane
    """float32 (H, W): what their differences are, before they are averaged."""


def _noise_of(here: Image, nearest: list[_Brought], transform: BlockTransform) -> list[_Noise] | None:
    """Tell the noise of each plane of a frame (C, H, W); None where no neighbour can be relied on."""
    tone = _tone(here)
    noise = []
    for channel, plane in enumerate(here):
        found = [
            (level, other.planes[channel])
            for other in nearest
            if (level := noise_level(plane, other.planes[channel], tone, other.trust)) is not None
        ]
        if not found:
            return None
        deviation = quieter([level for level, _ in found]).at(tone)
        _, likest = min(found, key=lambda pair: float(pair[0].deviations.mean()))
        differing = transform.tilings((plane - likest) / deviation)
        precision = 1 / (2 * np.square(deviation))
        at_large = 1 / np.maximum(deviation, _FLICKER)
        noise.append(_Noise(deviation, spectrum(differing[0]), precision, at_large))
    return noise


def _likeness(here: Image, there: Image, noise: list[_Noise]) -> Plane:
    """Weight (H, W) in (0, 1] by how far `there` differs from `here` beyond the noise, around each pixel."""
    shares = _SHARES if len(here) == 3 else (1.0,)
    squared = np.zeros_like(here[0])
    for plane, other, own, share in zip(here, there, noise, shares, strict=True):
        difference = plane - other
        squared += difference * difference * (own.precision * np.float32(share))
    around = np.asarray(cv2.blur(cv2.blur(squared, (5, 5)), (3, 3)))
    # Noise in clumps makes patches differ by chance more than white noise does.
    clumps = min(float(np.mean(noise[0].spectrum ** 4)), _CLUMPIEST)
    tolerated, steepness = 1 + _TOLERATED * clumps, _STEEPNESS / np.sqrt(clumps)
    alike = np.minimum(np.float32(tolerated) - around, 0) * np.float32(steepness)
    return np.asarray(cv2.exp(alike + _alike_at_large(here[0] - there[0], noise[0])))


def _alike_at_large(difference: Plane, noise: _Noise) -> Plane:
    """Logarithm of a weight (H, W): does the mean difference about a pixel exceed what noise leaves of it?"""
    common = np.asarray(cv2.blur(difference * noise.precision_at_large, (_WIDE, _WIDE)))
    slow = float(np.mean(np.square(noise.spectrum[:2, :2].ravel()[1:])))  # share of noise that means keep
    excess = np.square(common) * np.float32(_WIDE**2 / (2 * slow))
    return np.asarray(np.minimum(_WIDE_TOLERATED - excess, 0) * _WIDE_STEEPNESS)
