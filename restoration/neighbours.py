"""A frame's neighbours in time that show its scene anew, and the frame as they show it."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane, half_size
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.motion import Flow, Motion, picture_maps

REACH = 4
"""Frames to either side among which neighbours are looked for."""

_LIGHT_CELL = 16  # pixels over which light is taken to be even
_SAMPLES = 4  # per cell and side, of which the median is taken
_REPEAT_MEAN, _REPEAT_MOST = 0.004, 0.08  # largest differences between a frame and its repeat
_BLEND_CHANGE = 0.02  # root mean square of what must change over a blended frame to tell it
_BLEND_SHARE = 0.15  # smallest share of either frame in a blend
_BLEND_MOST = 0.12  # largest difference between a blend and the mean that it should be
_BLEND_LEFT = 0.06  # largest part of the change's energy that a blend leaves unexplained


@dataclass(frozen=True)
class Neighbour:
    """One frame near the one in hand, and the way there."""

    step: int
    """-1 for the frame before, 2 for the one after the next."""
    flow: Flow
    """float32 (h, w, 2), from the frame in hand to this one."""
    confidence: Plane
    """float32 (h, w) in [0, 1]."""


class Repeats(list[bool]):
    """Says of each pair of neighbours whether the second repeats the first, and which frames are blends."""

    def __init__(self, pairs: Iterable[bool], blends: Iterable[int] = ()) -> None:
        super().__init__(pairs)
        self.blends = frozenset(blends)
        """Frames that are but a mean of those before and after, and show what is on either."""


def repeats_in(lumas: list[Plane]) -> Repeats:
    """Say of each pair of neighbours (T - 1) whether the second repeats the first, dirt and grain and all.

    Films shown faster than they were shot have frames printed or stored twice, or blended of those beside.
    """
    small = map_frames(half_size, lumas)
    pairs = map_frames(lambda t: _is_repeat(small[t], small[t + 1]), range(len(small) - 1))
    inner = range(1, len(small) - 1)
    blended = map_frames(lambda t: _is_blend(*small[t - 1 : t + 2]), inner)
    return Repeats(pairs, (t for t, known in zip(inner, blended, strict=True) if known))


def _is_repeat(first: Plane, second: Plane) -> bool:
    # Deflickered, a repeat may have got a slightly other exposure.
    gain = float((first * second).sum() / max(float(np.square(first).sum()), 1e-6))
    difference = np.abs(second - first * np.float32(gain))
    return bool(
        difference.mean() < _REPEAT_MEAN and np.asarray(cv2.blur(difference, (2, 2))).max() < _REPEAT_MOST
    )


def _is_blend(before: Plane, here: Plane, after: Plane) -> bool:
    """Whether a frame is but a mean of the two beside it, which differ."""
    change, part = after - before, here - before
    energy = float(np.square(change).sum())
    if energy < _BLEND_CHANGE**2 * change.size:
        return False
    share = float((change * part).sum()) / energy
    left = part - change * np.float32(share)
    return (
        _BLEND_SHARE < share < 1 - _BLEND_SHARE
        and float(np.square(left).sum()) < _BLEND_LEFT * energy
        and float(np.abs(cv2.blur(left, (2, 2))).max()) < _BLEND_MOST
    )


def distinct_steps(repeats: list[bool], frame: int, each_way: int) -> tuple[list[int], list[int]]:
    """Return the steps to the `each_way` nearest other pictures before `frame`, and after it, nearest first.

    Blends are passed over, and for a blend the frames that it is blended of.
    Where no frame within REACH is other than this one (a still picture), its nearest neighbours.
    """
    blends = repeats.blends if isinstance(repeats, Repeats) else frozenset()
    before: list[int] = []
    after: list[int] = []
    for way, found in ((-1, before), (1, after)):
        same = True
        for distance in range(1, REACH + 1):
            t = frame + way * distance
            if not 0 <= t <= len(repeats):
                break
            same = repeats[min(t, t - way)]
            shared = t in blends or (distance == 1 and frame in blends)
            if not same and not shared and len(found) < each_way:
                found.append(way * distance)
    if not before and not after:
        before = [-step for step in range(1, each_way + 1) if frame - step >= 0]
        after = [step for step in range(1, each_way + 1) if frame + step <= len(repeats)]
    return before, after


def neighbours_of(repeats: list[bool], motion: Motion, frame: int, each_way: int = 2) -> list[Neighbour]:
    """Return up to `each_way` neighbours on either side of `frame`.

    First come the nearest before and the nearest after it, then those beyond, pair by pair.
    """
    before, after = distinct_steps(repeats, frame, each_way)
    flows = motion.flows(frame, [*before, *after])
    in_turn = [step for pair in zip(before, after, strict=False) for step in pair]
    shared = min(len(before), len(after))
    return [Neighbour(step, *flows[step]) for step in [*in_turn, *before[shared:], *after[shared:]]]


def brought(plane: Plane, flow: Flow, interpolation: int = cv2.INTER_LINEAR) -> Plane:
    """Bring a neighbour's plane (H, W) along `flow` (h, w, 2), which leads from here to there."""
    map_x, map_y = picture_maps(flow, *plane.shape)
    return np.asarray(cv2.remap(plane, map_x, map_y, interpolation, borderMode=cv2.BORDER_REPLICATE))


def in_light_of(here: Plane, there: Plane) -> Plane:
    """Return `there` with its low frequencies made those of `here`: medians, which dirt does not move."""
    height, width = here.shape
    columns, rows = max(width // _LIGHT_CELL, 1), max(height // _LIGHT_CELL, 1)
    size = (columns * _SAMPLES, rows * _SAMPLES)
    samples = cv2.resize(here - there, size, interpolation=cv2.INTER_NEAREST)
    change = np.median(samples.reshape(rows, _SAMPLES, columns, _SAMPLES), axis=(1, 3)).astype(np.float32)
    if min(rows, columns) >= 3:
        change = np.asarray(cv2.medianBlur(change, 5 if min(rows, columns) >= 5 else 3))
    return np.asarray(there + cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR))
