"""Flicker: each frame's light brought to that of its neighbours in time, real changes of light kept.

Light is compared between frames along the motion (`deflicker_pair`), the comparisons are fused into a
history of the light around each frame (`deflicker_history`), and that history says what the light ought to
be (`deflicker_reference`): for the whole picture a gain for every tone and channel, and besides a smooth
field of gains for what flickers from place to place.
"""

import cv2
import numpy as np
import torch

from reelfix.restoration.arrays import Image, Plane, as_array
from reelfix.restoration.deflicker_history import DISTANCES, History, history
from reelfix.restoration.deflicker_pair import GRID, PairChange, pair_change
from reelfix.restoration.deflicker_reference import eased_weights, flicker_deviation, reference_weights
from reelfix.restoration.deflicker_thumbnail import Thumbnail, thumbnail
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.tone_curve import KNOTS, Values, apply_curve

RADIUS = 16
"""Frames before and after that a frame's light is compared with."""
_POOL = (5, 6)  # rows and columns of the coarser grid on which places' changes of light are told
_UNSEEN = (0.002, 0.006)  # corrections fade out over this range, in log2
_NO_FLICKER = (0.9, 1.3)  # so do those too large to be flicker: lightning, a flash, a blank frame,
_USUAL = 4.0  # unless the light around jumps so far that they are fewer than so many deviations
_LARGEST = 3.0  # times the deviation of the local flicker that a place may have


class LightLog:
    """What was measured of a shot's frames, by their numbers: windows that overlap measure once."""

    def __init__(self) -> None:
        self.thumbnails: dict[int, Thumbnail] = {}
        self.pairs: dict[tuple[int, int], PairChange] = {}

    def measure(self, frames: torch.Tensor, start: int) -> None:
        """Measure frames (T, C, H, W), whose first has the number `start`; forget those before it."""
        stop = start + len(frames)
        self.thumbnails = {t: small for t, small in self.thumbnails.items() if start <= t < stop}
        self.pairs = {ends: pair for ends, pair in self.pairs.items() if start <= ends[0] and ends[1] < stop}
        fresh = [t for t in range(start, stop) if t not in self.thumbnails]
        made = map_frames(lambda t: thumbnail(as_array(frames[t - start])), fresh)
        self.thumbnails |= dict(zip(fresh, made, strict=True))
        ends = [(t, t + distance) for t in range(start, stop) for distance in DISTANCES]
        wanted = [pair for pair in ends if pair[1] < stop and pair not in self.pairs]
        changes = map_frames(lambda p: pair_change(self.thumbnails[p[0]], self.thumbnails[p[1]]), wanted)
        self.pairs |= dict(zip(wanted, changes, strict=True))


def deflicker(
    frames: torch.Tensor,
    core: slice,
    *,
    radius: int = RADIUS,
    strength: float = 1.0,
    start: int = 0,
    log: LightLog | None = None,
) -> torch.Tensor:
    """Return `frames[core]` with flicker taken out, float32 (T, C, H, W) in [0, 1].

    `frames` has up to `radius` frames more on either side of the core, which are all that a frame's result
    depends on. Every channel has its own curve; the field of gains is the same for all. `strength` 0 returns
    the frames as they are, 1 takes out all. `start`: the number of the first of `frames` in its shot, by
    which `log`, of earlier windows of the same shot, keeps what it measured.
    """
    wanted = range(*core.indices(len(frames)))
    if strength == 0 or len(frames) < 2:
        return frames[core].clone()
    log = log or LightLog()
    log.measure(frames, start)
    last = start + len(frames) - 1

    def corrected(index: int) -> Image:
        now = start + index
        around = history(log.pairs, now, max(now - radius, start), min(now + radius, last))
        curves, field = correction(around, log.thumbnails[now].coarse)
        return corrected_frame(as_array(frames[index]), strength * curves, strength * field)

    return torch.from_numpy(np.stack(map_frames(corrected, wanted))).to(frames.device)


def correction(around: History, coarse: Image) -> tuple[Values, Values]:
    """Gains in log2 that bring a frame to its reference: curves (C, knots) and a field (rows, columns).

    `coarse`: the frame made small, (C, h, w).
    """
    light = np.einsum("nck,ck->n", around.curves, _occupancy(coarse))
    weights = eased_weights(around.times, light)
    curves = np.einsum("n,nck->ck", weights, around.curves)
    size = abs(float(weights @ light))
    usual = _USUAL * float(flicker_deviation(light[:, None])[0]) if len(light) > 2 else 0.0
    curves = curves * _rising(float(np.abs(curves).max())) * _falling(size - max(usual - _NO_FLICKER[0], 0))
    return curves, _local_correction(around)


def _occupancy(coarse: Image) -> Values:
    """Share of the picture about each knot, (C, knots), all together 1; black borders say nothing."""
    edges = np.concatenate([[0.004], (KNOTS[1:-1] + KNOTS[2:]) / 2, [1.001]])
    counts = np.stack([np.histogram(channel, edges)[0] for channel in coarse]) + 1e-3
    shares = np.concatenate([np.zeros((len(coarse), 1)), counts], axis=1)
    return np.asarray(shares / shares.sum())


def _local_correction(around: History) -> Values:
    """The field (rows, columns) that brings a frame's places to their references.

    It is held to what most places show: light that flickers in a few places alone is no flicker of the film.
    """
    count = len(around.times)
    fields = around.fields.reshape(count, *GRID)
    pooled = np.stack([cv2.resize(f, _POOL[::-1], interpolation=cv2.INTER_AREA) for f in fields])
    weights = reference_weights(around.times, pooled.reshape(count, -1)).reshape(count, *_POOL)
    spread = [cv2.resize(w, GRID[::-1], interpolation=cv2.INTER_LINEAR) for w in weights]
    references = np.einsum("nrc,nrc->rc", np.stack(spread), fields)
    noise = around.noise.reshape(GRID)
    unsteady = np.square(around.fields - around.fields.mean(axis=0)).mean(axis=0)
    flicker = max(float(np.median(unsteady)) - float(np.median(noise)), 0.0)
    if flicker == 0:
        return np.zeros(GRID)
    field = references * (flicker / (flicker + noise))
    limit = _LARGEST * np.sqrt(flicker)
    field = np.clip(field, -limit, limit)
    return np.asarray(field * _rising(float(np.abs(field).max())))


def _rising(size: float) -> float:
    return float(np.clip((size - _UNSEEN[0]) / (_UNSEEN[1] - _UNSEEN[0]), 0, 1))


def _falling(size: float) -> float:
    return float(np.clip((_NO_FLICKER[1] - size) / (_NO_FLICKER[1] - _NO_FLICKER[0]), 0, 1))


def corrected_frame(frame: Image, curves: Values, field: Values) -> Image:
    """Apply a `correction`, gains by tone and channel, then by place, to one frame (C, H, W)."""
    result = np.stack([apply_curve(plane, curve) for plane, curve in zip(frame, curves, strict=True)])
    if field.any():
        gains = _enlarged(np.exp2(field).astype(np.float32), frame.shape[1:])
        np.minimum(result * gains, np.float32(1), out=result)
    return result


def _enlarged(cells: Plane, size: tuple[int, ...]) -> Plane:
    """Interpolate cells to (H, W), cubic: smooth to the eye."""
    return np.asarray(cv2.resize(cells, (size[1], size[0]), interpolation=cv2.INTER_CUBIC))
