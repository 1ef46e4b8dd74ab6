"""The grain of a frame, told by what differs between it and its neighbour in time where the scene is even."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Image, Plane, luma_of
from reelfix.restoration.grain_blocks import HOP, SIDE, spectra_of
from reelfix.restoration.motion import Flow

TONES = 16
"""Steps of tone from 0 to 1 that the deviation is told for."""
KEYS = 3
"""Darks, middle and lights: grain's spectrum is told for each, as copying and codecs treat them otherwise."""
STATES = 3
"""Frames with their grain, frames without, and the difference of both."""
FREQUENCIES = (SIDE, SIDE // 2 + 1)

_OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
_SOFT = 2.0  # pixels: blur under which a scene's slopes show, and grain's do not
_EVENEST = 0.4  # share of the blocks of like tone that are taken: those with the least slopes
_GROUPS, _OF_GROUP, _LEAST_OF_GROUP = 8, 40, 4  # groups of like tone, and how many blocks are taken of each
_LEAST_TRUST = 0.5
_FEWEST, _FEWEST_OF_KEY = 8, 5  # blocks
_DEAD = 1e-9  # variance below which there is no grain at all: a black border, a picture that was drawn


@dataclass(frozen=True)
class FrameGrain:
    """What one frame tells of the grain. Of nothing, all is 0."""

    variances: npt.NDArray[np.float32]
    """float32 (STATES, C, TONES)."""
    counts: npt.NDArray[np.float32]
    """float32 (C, TONES): blocks that the variances were told from."""
    spectra: npt.NDArray[np.float32]
    """float32 (KEYS, STATES, C, *FREQUENCIES): power, of grain scaled to a variance of 1; of colours, of
    their `opponents`."""
    blocks: npt.NDArray[np.float32]
    """float32 (KEYS,): blocks that the spectra were told from."""
    repeating: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    """float32 (2,): what the difference has in common with its neighbour's, and its energy."""


@dataclass(frozen=True)
class FramePair:
    """A frame and the next or the last before it, with their grain and without."""

    grainy: tuple[Image, Image]
    """Each float32 (C, H, W)."""
    clean: tuple[Image, Image]
    hidden: tuple[Plane, Plane] | None
    """Each bool (H, W): damage, where nothing is measured."""
    flow: Flow
    """float32 (h, w, 2), from the first to the second; see `Motion`."""
    trust: Plane
    """float32 (h, w) in [0, 1]."""


def opponents(planes: Plane) -> Plane:
    """Turn colours (..., 3, H, W) to what they share and two differences, orthonormally; one plane stays."""
    if planes.shape[-3] == 1:
        return planes
    turned: Plane = np.einsum("oc,...chw->...ohw", _OPPONENT.astype(np.float32), planes)
    return turned


def colours(planes: Plane) -> Plane:
    """Undo `opponents`."""
    if planes.shape[-3] == 1:
        return planes
    turned: Plane = np.einsum("oc,...ohw->...chw", _OPPONENT.astype(np.float32), planes)
    return turned


def nothing_told(channels: int) -> FrameGrain:
    """Return what is known of a frame that was not measured."""
    return FrameGrain(
        np.zeros((STATES, channels, TONES), np.float32),
        np.zeros((channels, TONES), np.float32),
        np.zeros((KEYS, STATES, channels, *FREQUENCIES), np.float32),
        np.zeros(KEYS, np.float32),
    )


def measure_grain(pair: FramePair) -> FrameGrain:
    """Tell the grain of the first frame of a pair.

    Blocks are compared at whole pixels, as any other motion would blur the neighbour's grain; where the scene
    is even the rest of the motion shows nothing. What stays from frame to frame (texture, dirt on a lens)
    drops out. Medians over blocks, so that what moved otherwise does not count.
    """
    channels = len(pair.grainy[0])
    places = _places(pair)
    if len(places) < _FEWEST:
        return nothing_told(channels)
    grainy, clean = (_gathered(planes, places) for planes in (pair.grainy, pair.clean))  # 2xNxCxSIDExSIDE
    tones = clean[0].mean(axis=(-2, -1))  # NxC
    residuals = grainy - clean
    apart = np.stack([states[0] - states[1] for states in (grainy, clean, residuals)])  # STATESxNxC...
    apart -= apart.mean(axis=(-2, -1), keepdims=True)
    apart *= np.float32(np.sqrt(0.5))
    variances = np.square(apart).mean(axis=(-2, -1))  # STATESxNxC
    alive = (variances[0] > _DEAD).all(axis=-1)
    if np.count_nonzero(alive) < _FEWEST:
        return nothing_told(channels)
    apart, variances, tones, residuals = (
        apart[:, alive],
        variances[:, alive],
        tones[alive],
        residuals[:, alive],
    )
    of_tone, counts, bins = _by_tone(variances, tones)
    scale = np.stack([of_tone[:, c, bins[:, c]] for c in range(channels)], axis=-1)  # STATESxNxC
    scaled = apart / np.sqrt(np.maximum(scale, np.float32(_DEAD)))[..., None, None]
    residuals = residuals - residuals.mean(axis=(-2, -1), keepdims=True)
    common = [float((residuals[0] * residuals[1]).sum()), float(np.square(residuals).sum()) / 2]
    spectra, blocks = _by_key(scaled, tones.mean(axis=1))
    return FrameGrain(of_tone, counts, spectra, blocks, np.asarray(common, dtype=np.float32))


def _places(pair: FramePair) -> npt.NDArray[np.intp]:
    """Blocks (N, 4) in which the scene is even, of all tones: top and left, here and in the other frame."""
    luma = luma_of(pair.clean[0])
    height, width = luma.shape
    if min(height, width) < SIDE:
        return np.zeros((0, 4), np.intp)
    rows, columns = (np.arange(0, size - SIDE + 1, HOP) for size in (height, width))
    top, left = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    middle = (top + HOP) // 2, (left + HOP) // 2
    moved = np.rint(pair.flow[middle]).astype(np.intp)  # Nx2: right, down
    down, right = top + moved[:, 1], left + moved[:, 0]
    sound = (pair.trust[middle] > _LEAST_TRUST) & (down >= 0) & (right >= 0)
    sound &= (down <= height - SIDE) & (right <= width - SIDE)
    if pair.hidden is not None:
        for hidden, y, x in ((pair.hidden[0], top, left), (pair.hidden[1], down, right)):
            share = _means(hidden.astype(np.float32))
            sound &= share[np.clip(y, 0, height - SIDE), np.clip(x, 0, width - SIDE)] < np.float32(1e-6)
    soft = cv2.GaussianBlur(luma, (0, 0), _SOFT)
    slopes = np.square(cv2.Sobel(soft, cv2.CV_32F, 1, 0)) + np.square(cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    slope, tone = _means(np.asarray(slopes))[top, left], _means(luma)[top, left]
    places = np.stack([top, left, down, right], axis=-1)
    return places[_evenest(slope, tone, sound)]


def _means(plane: Plane) -> Plane:
    """Mean over the block that begins at each pixel; (H - SIDE + 1, W - SIDE + 1)."""
    means = cv2.boxFilter(plane, -1, (SIDE, SIDE), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(means)[: len(plane) - SIDE + 1, : plane.shape[1] - SIDE + 1]


def _evenest(slope: Plane, tone: Plane, sound: Plane) -> npt.NDArray[np.intp]:
    """Indices of the blocks with the least slopes among those of like tone."""
    chosen = []
    groups = np.clip(tone * _GROUPS, 0, _GROUPS - 1).astype(np.intp)
    for group in range(_GROUPS):
        members = np.flatnonzero(sound & (groups == group))
        count = min(max(round(_EVENEST * len(members)), _LEAST_OF_GROUP), _OF_GROUP)
        chosen.append(members[np.argsort(slope[members], kind="stable")[:count]])
    return np.concatenate(chosen)


def _gathered(planes: tuple[Image, Image], places: npt.NDArray[np.intp]) -> Plane:
    """The blocks of both frames, float32 (2, N, C, SIDE, SIDE)."""
    here, there = planes
    first = [here[:, y : y + SIDE, x : x + SIDE] for y, x, _, _ in places]
    second = [there[:, y : y + SIDE, x : x + SIDE] for _, _, y, x in places]
    return np.stack([np.stack(first), np.stack(second)])


def _by_tone(
    variances: Plane, tones: Plane
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Median variances (STATES, C, TONES) of blocks; how many have each tone; and each one's tone."""
    channels = tones.shape[1]
    bins = np.clip(tones * TONES, 0, TONES - 1).astype(np.intp)  # NxC
    of_tone = np.zeros((STATES, channels, TONES), np.float32)
    counts = np.zeros((channels, TONES), np.float32)
    for channel in range(channels):
        for step in np.unique(bins[:, channel]):
            mine = bins[:, channel] == step
            of_tone[:, channel, step] = np.median(variances[:, mine, channel], axis=1)
            counts[channel, step] = np.count_nonzero(mine)
    return of_tone, counts, bins


def _by_key(scaled: Plane, tones: Plane) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Spectra (KEYS, ...) of blocks (STATES, N, C, SIDE, SIDE) of these tones (N,), and how many each has."""
    keys = np.clip(tones * KEYS, 0, KEYS - 1).astype(np.intp)
    spectra = np.zeros((KEYS, STATES, scaled.shape[2], *FREQUENCIES), np.float32)
    blocks = np.zeros(KEYS, np.float32)
    for key in range(KEYS):
        mine = keys == key
        if np.count_nonzero(mine) >= _FEWEST_OF_KEY:
            spectra[key], blocks[key] = _spectra(scaled[:, mine]), np.count_nonzero(mine)
    return spectra, blocks


def _spectra(scaled: Plane) -> npt.NDArray[np.float32]:
    """Median power (STATES, C, *FREQUENCIES) of blocks (STATES, N, C, SIDE, SIDE), as means would have it."""
    power = np.square(np.abs(spectra_of(opponents(scaled))))
    median = np.median(power, axis=1)
    # The power of noise is distributed as chi square: of two degrees, and of one where a spectrum is real.
    median /= np.float32(np.log(2))
    for row in (0, SIDE // 2):
        for column in (0, SIDE // 2):
            median[..., row, column] *= np.float32(np.log(2) / 0.4549)
    # A mean is taken off each block, and light may flicker: the slowest is told by what is next to it.
    median[..., 0, 0] = (median[..., 0, 1] + median[..., 1, 0]) / 2
    return np.asarray(median, dtype=np.float32)
