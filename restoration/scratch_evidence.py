"""What speaks for and against a running scratch where a ridge stands upright: numbers per place.

A pole or a window bar stands upright too; but it is where the scene's motion puts it in the frames before and
after, or it goes its own way evenly. A scratch stays in the gate while the scene moves, or wanders unevenly
(Newson et al., "Robust automatic line scratch detection in films", 2014, tell them apart by the former).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import BANDS, REACH, LineStrip
from reelfix.restoration.scene_motion import SceneStep, sampled

CLEAR = 0.33
"""Least mean height of a ridge along it, above what the columns around have by chance."""

_WANDER = 6  # columns from one frame to the next within which a ridge is looked for again
_SPEEDS = np.concatenate([np.arange(-10.0, -0.7, 0.5), np.arange(1.0, 10.2, 0.5)]).astype(np.float32)
_MARGIN = 64  # columns beyond the edges, where nothing is
_ASTRAY = 0.3  # share of frames in which a line of the scene may be lost: a jump, a smear, a flash
_STILL = 3.0  # columns that something must move within the frames compared, to be said to move
_PARALLAX = np.array([0.5, 0.75, 1.3, 1.6, 2.0, 2.5, 3.0], np.float32)

FEATURES = (
    "tall",
    "scene",
    "worst",
    "even",
    "gate",
    "near",
    "shown",
    "moved",
    "away",
    "misfit",
    "narrow",
    "width",
    "extent",
    "crossing",
    "steady",
    "alone",
    "recent",
    "first",
    "uneven",
    "filled",
    "settled",
)


@dataclass(frozen=True)
class Places:
    """Where ridges stand upright, n of them: polarity (0 bright, 1 dark), band and column, int (n,) each."""

    polarity: npt.NDArray[np.int64]
    band: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]


def places_in(strip: LineStrip, strength: float = 1.0) -> tuple[Places, Plane]:
    """Columns whose upright ridge is higher than those around; and by how much, (2, BANDS, columns).

    With a `strength` of a half, a ridge must be twice as high.
    """
    tall = np.stack([plane - cv2.blur(plane, (81, 1)) for plane in strip.upright]) * np.float32(strength)
    peak = np.stack([cv2.dilate(plane, np.ones((1, 3), np.uint8)) for plane in tall])
    chosen = (tall >= peak) & (tall > CLEAR)
    return Places(*np.nonzero(chosen)), tall


def evidence(
    strips: Mapping[int, LineStrip],
    steps: Mapping[tuple[int, int], SceneStep],
    frame: int,
    others: list[int],
    places: Places,
    tall: Plane,
    shape: tuple[int, int],
) -> Plane:
    """Evidence (n, FEATURES) float32 at `places` of `frame`.

    `strips` of the frames around; `steps[t, way]`: the scene's motion from frame t to the next (1) or to the
    one before (-1); `others`: the frames to compare with, which show other pictures; `shape` (H, W).
    """
    strip = strips[frame]
    here = (places.polarity, places.band, places.column)
    paths = _paths(steps, frame, others, places, strip, shape)  # 2 x k x n x 2
    after = np.array([other - frame for other in others], np.float32)
    nearest = np.argsort(np.abs(after), kind="stable")
    shares = _shares(strips, others, after, places, paths, np.maximum(strip.upright[here], np.float32(0.1)))
    ordered = np.sort(shares.scene, axis=0)
    nearby = shares.near[nearest[:2]]
    across = np.abs(paths[..., 0])  # 2 x k x n
    contrast, narrow, width, uneven = _profile(strip, places)
    misfit = _misfit(strips, frame, [others[k] for k in nearest[:4]], paths[:, nearest[:4]], places)
    columns = (
        tall[here],
        shares.scene.mean(axis=0),
        ordered[: -(-len(others) // 2)].mean(axis=0),
        shares.even,
        shares.gate.mean(axis=0),
        shares.near.mean(axis=0),
        shares.shown.mean(axis=0),
        across.min(axis=0).mean(axis=0),
        across.max(axis=0).mean(axis=0),
        misfit / contrast,
        narrow,
        width,
        *_course(strip, tall, places),
        nearby.max(axis=0),
        nearby.mean(axis=0),
        uneven,
        strip.filled[here],
        shares.settled,
    )
    return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True)
class _Shares:
    """Shares of the ridge that k other frames have, in [0, 1], at n places."""

    scene: Plane
    """(k, n): where the scene's motion puts it."""
    settled: Plane
    """(n,): the same to the column, in all frames but a share of _ASTRAY."""
    even: Plane
    """(n,): in the mean over them, where the best of many even motions puts it."""
    gate: Plane
    """(k, n): at its own place."""
    near: Plane
    """(k, n): within three columns of it."""
    shown: Plane
    """(k, n): within _WANDER columns of it."""


def _shares(
    strips: Mapping[int, LineStrip],
    others: list[int],
    after: Plane,
    places: Places,
    paths: Plane,
    height: Plane,
) -> _Shares:
    columns = strips[others[0]].upright.shape[2] + 2 * _MARGIN
    row = places.polarity * BANDS + places.band
    base = row * columns + places.column + _MARGIN
    scene: list[Plane] = []
    settled: list[Plane] = []
    gate: list[Plane] = []
    near: list[Plane] = []
    shown: list[Plane] = []
    even = np.zeros((len(_SPEEDS) + 2 * len(_PARALLAX), len(height)), np.float32)
    for k, other in enumerate(others):
        tight, loose, wide = (_widened(strips[other].upright, reach) for reach in (1, 3, _WANDER))
        across, down = paths[:, k, :, 0], paths[:, k, :, 1]
        band = np.clip(places.band + _whole(down), 0, BANDS - 1)
        moved = tight.take(base + (band - places.band) * columns + _whole(across))
        scene.append(np.minimum(moved, height).max(axis=0))
        exact = _widened(strips[other].upright, 0)
        moved = exact.take(base + (band - places.band) * columns + _whole(across))
        settled.append(np.minimum(moved, height).max(axis=0))
        drift = np.concatenate([across[0] * _PARALLAX[:, None], across[1] * _PARALLAX[:, None]])
        sets = _whole(_SPEEDS * after[k])[:, None], _whole(drift)
        even[: len(_SPEEDS)] += np.minimum(tight.take(base + sets[0]), height)
        even[len(_SPEEDS) :] += np.minimum(tight.take(base + sets[1]), height)
        for plane, found in ((tight, gate), (loose, near), (wide, shown)):
            found.append(np.minimum(plane.take(base), height))
    # What hardly moves is no evidence of moving evenly.
    farthest = np.abs(paths[..., 0]).max(axis=1)  # 2 x n
    slow = [kind * _PARALLAX[:, None] < _STILL for kind in farthest]
    even[len(_SPEEDS) :][np.concatenate(slow)] = 0
    return _Shares(
        np.stack(scene) / height,
        np.sort(np.stack(settled), axis=0)[int(_ASTRAY * len(others))] / height,
        even.max(axis=0) / (height * len(others)),
        np.stack(gate) / height,
        np.stack(near) / height,
        np.stack(shown) / height,
    )


def _whole(shift: Plane) -> npt.NDArray[np.int64]:
    """Whole columns or bands, no farther than the margin."""
    return np.asarray(np.rint(np.clip(shift, -_MARGIN, _MARGIN)), np.int64)


def _widened(upright: Plane, columns: int) -> Plane:
    """What stands within so many columns, never negative, with margins: (2, BANDS, columns + 2 _MARGIN)."""
    kernel = np.ones((1, 2 * columns + 1), np.uint8)
    planes = [cv2.dilate(np.maximum(plane, 0), kernel) for plane in upright]
    return np.stack(
        [cv2.copyMakeBorder(plane, 0, 0, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT, value=0) for plane in planes]
    )


def _paths(
    steps: Mapping[tuple[int, int], SceneStep],
    frame: int,
    others: list[int],
    places: Places,
    strip: LineStrip,
    shape: tuple[int, int],
) -> Plane:
    """Where the scene beside, and overall, goes until the other frames: (2, k, n, 2), columns and bands."""
    to_y, to_x = shape[0] / BANDS, shape[1] / strip.luma.shape[1]
    start = np.stack([(places.column + 0.5) * to_x - 0.5, (places.band + 0.5) * to_y - 0.5], axis=1)
    found = {}
    for way in (-1, 1):
        wanted = [other for other in others if (other - frame) * way > 0]
        gone = np.zeros((2, *start.shape))
        for distance in range(1, max((abs(other - frame) for other in wanted), default=0) + 1):
            step = steps[frame + way * (distance - 1), way]
            for kind, flow in enumerate((step.beside, step.overall)):
                place = start + gone[kind]
                gone[kind] += sampled(flow, place[:, 1], place[:, 0], shape)
            found[frame + way * distance] = gone / np.array([to_x, to_y])
    return np.stack([found[other] for other in others], axis=1).astype(np.float32)


def _profile(strip: LineStrip, places: Places) -> tuple[Plane, Plane, Plane, Plane]:
    """Height above the sides, share of it two columns from the middle, width in columns, unevenness; (n,)."""
    offsets = np.arange(-REACH, REACH + 1)
    columns = np.clip(places.column[:, None] + offsets, 0, strip.luma.shape[1] - 1)
    sign = np.where(places.polarity == 0, 1, -1)[:, None]
    values = strip.banded[places.band[:, None], columns] * sign
    sides = np.maximum(values[:, :3].mean(axis=1), values[:, -3:].mean(axis=1))
    over = np.maximum(values - sides[:, None], 0)
    contrast = over[:, REACH - 1 : REACH + 2].max(axis=1) + np.float32(1e-3)
    two = np.maximum(over[:, REACH - 2], over[:, REACH + 2])
    width = over[:, REACH - 4 : REACH + 5].sum(axis=1) / contrast
    uneven = np.abs(values[:, :3].mean(axis=1) - values[:, -3:].mean(axis=1)) / contrast
    return contrast, two / contrast, width, uneven


def _misfit(
    strips: Mapping[int, LineStrip], frame: int, near: list[int], paths: Plane, places: Places
) -> Plane:
    """Mean difference beside the ridge to the same place of the scene in the nearest frames, (n,)."""
    offsets = np.array([-12, -10, -8, -6, -5, 5, 6, 8, 10, 12])
    columns = strips[frame].luma.shape[1]
    at = np.clip(places.column[:, None] + offsets, 0, columns - 1)
    own = strips[frame].banded.take(places.band[:, None] * columns + at)
    total = np.zeros(len(own), np.float32)
    for k, other in enumerate(near):
        apart = []
        for across, down in ((path[k, :, 0], path[k, :, 1]) for path in paths):
            band = np.clip(places.band + _whole(down), 0, BANDS - 1)
            there = np.clip(at + _whole(across)[:, None], 0, columns - 1)
            difference = own - strips[other].banded.take(band[:, None] * columns + there)
            apart.append(np.abs(difference - difference.mean(axis=1, keepdims=True)).mean(axis=1))
        total += np.minimum(*apart)
    return total / np.float32(max(len(near), 1))


def _course(strip: LineStrip, tall: Plane, places: Places) -> tuple[Plane, ...]:
    """How far it runs, what it crosses, how steady it is and how few are like it: (n,) each.

    extent: share of the height along which it goes on; crossing: deviation of the picture beside it along
    its whole course; steady: how its height varies over the course; alone: upright ridges 8 to 60 columns
    aside, in units of its own.
    """
    columns = strip.luma.shape[1]
    loose = np.stack([cv2.dilate(plane, np.ones((1, 5), np.uint8)) for plane in np.maximum(tall, 0)])
    own = tall[places.polarity, places.band, places.column]
    course = loose[places.polarity, :, places.column]  # n x BANDS
    relative = course / own[:, None]
    extent = (relative > 0.5).mean(axis=1)
    steady = np.minimum(relative, 2).std(axis=1)
    left, right = (strip.banded[:, np.clip(places.column + aside, 0, columns - 1)].T for aside in (-5, 5))
    crossing = ((left + right) * 0.5).std(axis=1)
    wide = np.stack(
        [cv2.blur(plane, (121, 1)) * 121 - cv2.blur(plane, (17, 1)) * 17 for plane in np.maximum(tall, 0)]
    )
    alone = wide[places.polarity, places.band, places.column] / 104 / own
    return extent, crossing, steady, alone
