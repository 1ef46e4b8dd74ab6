"""How much of an upright ridge the frames around have: where the scene goes, where it stood, or nearby."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import BANDS, MARGIN, LineStrip
from reelfix.restoration.scene_motion import SceneStep, sampled
from reelfix.restoration.scratch_places import Places

_SPEEDS = np.concatenate([np.arange(-10.0, -0.7, 0.5), np.arange(1.0, 10.2, 0.5)]).astype(np.float32)
_ASTRAY = 0.3  # share of frames in which a line of the scene may be lost: a jump, a smear, a flash
_STILL = 3.0  # columns that something must move within the frames compared, to be said to move
_PARALLAX = np.array([0.5, 0.75, 1.3, 1.6, 2.0, 2.5, 3.0], np.float32)


@dataclass(frozen=True)
class Shares:
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
    """(k, n): within six columns of it."""


def shares_of(
    strips: Mapping[int, LineStrip],
    others: list[int],
    after: Plane,
    places: Places,
    paths: Plane,
    height: Plane,
) -> Shares:
    columns = strips[others[0]].upright.shape[2] + 2 * MARGIN
    row = places.polarity * BANDS + places.band
    base = row * columns + places.column + MARGIN
    scene: list[Plane] = []
    settled: list[Plane] = []
    gate: list[Plane] = []
    near: list[Plane] = []
    shown: list[Plane] = []
    even = np.zeros((len(_SPEEDS) + 2 * len(_PARALLAX), len(height)), np.float32)
    for k, other in enumerate(others):
        exact, tight, loose, wide = strips[other].near
        across, down = paths[:, k, :, 0], paths[:, k, :, 1]
        band = np.clip(places.band + whole(down), 0, BANDS - 1)
        moved = tight.take(base + (band - places.band) * columns + whole(across))
        scene.append(np.minimum(moved, height).max(axis=0))
        moved = exact.take(base + (band - places.band) * columns + whole(across))
        settled.append(np.minimum(moved, height).max(axis=0))
        drift = np.concatenate([across[0] * _PARALLAX[:, None], across[1] * _PARALLAX[:, None]])
        sets = whole(_SPEEDS * after[k])[:, None], whole(drift)
        even[: len(_SPEEDS)] += np.minimum(tight.take(base + sets[0]), height)
        even[len(_SPEEDS) :] += np.minimum(tight.take(base + sets[1]), height)
        for plane, found in ((tight, gate), (loose, near), (wide, shown)):
            found.append(np.minimum(plane.take(base), height))
    # What hardly moves is no evidence of moving evenly.
    farthest = np.abs(paths[..., 0]).max(axis=1)  # 2 x n
    slow = [kind * _PARALLAX[:, None] < _STILL for kind in farthest]
    even[len(_SPEEDS) :][np.concatenate(slow)] = 0
    return Shares(
        np.stack(scene) / height,
        np.sort(np.stack(settled), axis=0)[int(_ASTRAY * len(others))] / height,
        even.max(axis=0) / (height * len(others)),
        np.stack(gate) / height,
        np.stack(near) / height,
        np.stack(shown) / height,
    )


def whole(shift: Plane) -> npt.NDArray[np.int64]:
    """Whole columns or bands, no farther than the margin."""
    return np.asarray(np.rint(np.clip(shift, -MARGIN, MARGIN)), np.int64)


def paths_of(
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
