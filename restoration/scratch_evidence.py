"""What speaks for and against a running scratch where a ridge stands upright: numbers per place.

A pole or a window bar stands upright too; but it is where the scene's motion puts it in the frames before and
after, or it goes its own way evenly. A scratch stays in the gate while the scene moves, or wanders unevenly
(Newson et al., "Robust automatic line scratch detection in films", 2014, tell them apart by the former).
"""

from collections.abc import Mapping

import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import LineStrip
from reelfix.restoration.scene_motion import SceneStep
from reelfix.restoration.scratch_looks import course_of, misfit_of, profile_of
from reelfix.restoration.scratch_places import Places
from reelfix.restoration.scratch_shares import paths_of, shares_of

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
    paths = paths_of(steps, frame, others, places, strip, shape)  # 2 x k x n x 2
    after = np.array([other - frame for other in others], np.float32)
    nearest = np.argsort(np.abs(after), kind="stable")
    shares = shares_of(strips, others, after, places, paths, np.maximum(strip.upright[here], np.float32(0.1)))
    ordered = np.sort(shares.scene, axis=0)
    nearby = shares.near[nearest[:2]]
    across = np.abs(paths[..., 0])  # 2 x k x n
    contrast, narrow, width, uneven = profile_of(strip, places)
    misfit = misfit_of(strips, frame, [others[k] for k in nearest[:4]], paths[:, nearest[:4]], places)
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
        *course_of(strip, tall, places),
        nearby.max(axis=0),
        nearby.mean(axis=0),
        uneven,
        strip.filled[here],
        shares.settled,
    )
    return np.stack(columns, axis=1).astype(np.float32)
