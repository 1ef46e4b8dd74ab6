"""Flicker: each frame's tones brought to those of its neighbours in time, real changes of light kept.

Curves between neighbouring frames are chained into the history of every tone around a frame. Its reference
is what that history says of this moment: a local line through it, on this side of any step in the light.
"""

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import Image, Plane, as_array
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.tone_curve import (
    KNOTS,
    ToneStep,
    Values,
    from_log_tone,
    log_tone,
    thumbnail,
    tone_step,
)

_SAME_SCENE = 0.35  # least agreement of two frames of one scene
_STEP_LEFT = 0.3  # a step in the light must explain all but this share of the history's spread
_STEP_LEAST = 0.12  # and be at least this large, in log2
_UNSEEN = (0.002, 0.006)  # corrections fade out over this range, in log2
_NO_FLICKER = (0.9, 1.3)  # so do those too large to be flicker: lightning, a flash, a blank frame
_CODES = 65536
_LOG_CODES = log_tone(np.arange(_CODES) / (_CODES - 1))


def deflicker(frames: torch.Tensor, core: slice, *, radius: int = 8, strength: float = 1.0) -> torch.Tensor:
    """Return `frames[core]` with flicker taken out, float32 (T, C, H, W) in [0, 1].

    `frames` has up to `radius` frames more on either side of the core, which are all that a frame's result
    depends on. Every channel has its own curve. `strength` 0 returns the frames as they are.
    """
    wanted = range(*core.indices(len(frames)))
    if strength == 0 or len(frames) < 2:
        return frames[core].clone()
    images = as_array(frames)
    small = map_frames(lambda image: [thumbnail(channel) for channel in image], list(images))
    steps = map_frames(
        lambda t: [tone_step(*pair) for pair in zip(small[t], small[t + 1], strict=True)],
        list(range(len(images) - 1)),
    )

    def corrected(t: int) -> Image:
        result: Image = np.empty_like(images[t])
        for channel, plane in enumerate(images[t]):
            history = _history([step[channel] for step in steps], t, radius)
            change = _correction(*history, _occupancy(small[t][channel])) * strength
            result[channel] = _apply(plane, change)
        return result

    results = map_frames(corrected, wanted)
    return torch.from_numpy(np.stack(results)).to(frames.device)


def _history(steps: list[ToneStep], frame: int, radius: int) -> tuple[Values, Values]:
    """Return times (n,) relative to `frame`, and what has a knot's tone now at each of them, (n, knots)."""
    times, tones = [0], [KNOTS]
    for t in range(frame, min(frame + radius, len(steps))):
        if steps[t].agreement < _SAME_SCENE:
            break
        times.append(t + 1 - frame)
        tones.append(steps[t].ahead(tones[-1]))
    now = KNOTS
    for t in range(frame - 1, max(frame - radius, 0) - 1, -1):
        if steps[t].agreement < _SAME_SCENE:
            break
        now = steps[t].back(now)
        times.insert(0, t - frame)
        tones.insert(0, now)
    return np.array(times, np.float64), np.array(tones)


def _occupancy(small: Plane) -> Values:
    """Share of the picture about each knot (knots,), summing to 1."""
    place = (log_tone(small.ravel()) - KNOTS[0]) / (KNOTS[1] - KNOTS[0])
    nearest = np.clip(np.rint(place), 0, len(KNOTS) - 1).astype(np.intp)
    counts = np.bincount(nearest, minlength=len(KNOTS)) + 1e-3
    counts[0] *= 1e-2  # black borders say nothing of the light
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _correction(times: Values, tones: Values, occupancy: Values) -> Values:
    """Change of log tone at each knot that brings the frame to its reference."""
    light = (tones - KNOTS) @ occupancy  # one number a frame: how much lighter than now
    kept = _same_light(times, light)
    times, history, light = times[kept], (tones - KNOTS)[kept], light[kept]
    reach = max(float(np.abs(times).max()), 1.0)
    weight = np.exp(-0.5 * np.square(times / (0.7 * reach)))
    centre = float(np.median(light))
    # The mean, not the median deviation: where every other frame is darker, half of them are no outliers.
    spread = 1.25 * float(np.mean(np.abs(light - centre))) + 0.01
    weight *= 1 / (1 + np.square((light - centre) / (4 * spread)))
    weight /= weight.sum()
    mean_time = float(weight @ times)
    mean = weight @ history
    variance = float(weight @ np.square(times - mean_time))
    if variance > 0:
        slope = (weight * (times - mean_time)) @ history / variance
        trend = float(slope @ occupancy)
        left = light - light @ weight - trend * (times - mean_time)
        noise = float(weight @ np.square(left)) / (variance * max(len(times) - 2, 1)) + 1e-12
        mean = mean - slope * mean_time * (trend**2 / (trend**2 + 9 * noise))
    size = abs(float(mean @ occupancy))
    rising = np.clip((np.abs(mean).max() - _UNSEEN[0]) / (_UNSEEN[1] - _UNSEEN[0]), 0, 1)
    falling = np.clip((_NO_FLICKER[1] - size) / (_NO_FLICKER[1] - _NO_FLICKER[0]), 0, 1)
    return np.asarray(mean * float(rising * falling), dtype=np.float64)


def _same_light(times: Values, light: Values) -> npt.NDArray[np.bool_]:
    """Which of the frames lie on this side of a step in the light (a lamp switched on), if there is one."""
    kept = np.ones(len(times), np.bool_)
    if len(times) < 6:
        return kept
    whole = _unexplained(times, light)
    best = _STEP_LEFT * whole
    for cut in range(2, len(times) - 1):
        sides = (slice(None, cut), slice(cut, None))
        left = sum(_unexplained(times[side], light[side]) for side in sides)
        step = abs(float(np.median(light[sides[0]]) - np.median(light[sides[1]])))
        if left < best and step > _STEP_LEAST:
            best = left
            kept = times < times[cut] if times[cut] > 0 else times >= times[cut]
    return kept


def _unexplained(times: Values, light: Values) -> float:
    """Squared spread about the best line."""
    if len(times) < 3:
        return float(np.square(light - light.mean()).sum())
    centred = times - times.mean()
    slope = float(centred @ light) / float(centred @ centred)
    return float(np.square(light - light.mean() - slope * centred).sum())


def _apply(plane: Plane, change: Values) -> Plane:
    """Apply a change of log tones given at KNOTS; a curve is kept rising."""
    if not change.any():
        return plane
    target = np.maximum.accumulate(KNOTS + change)
    table = from_log_tone(np.interp(_LOG_CODES, KNOTS, target)).astype(np.float32)
    codes = (plane * np.float32(_CODES - 1) + np.float32(0.5)).astype(np.uint16)
    return np.asarray(np.take(table, codes))
