"""How an upright ridge looks: across, along its course, and against the scene in the frames around."""

from collections.abc import Mapping

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.line_strips import BANDS, REACH, LineStrip
from reelfix.restoration.scratch_places import Places
from reelfix.restoration.scratch_shares import whole


def profile_of(strip: LineStrip, places: Places) -> tuple[Plane, Plane, Plane, Plane]:
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


def misfit_of(
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
            band = np.clip(places.band + whole(down), 0, BANDS - 1)
            there = np.clip(at + whole(across)[:, None], 0, columns - 1)
            difference = own - strips[other].banded.take(band[:, None] * columns + there)
            apart.append(np.abs(difference - difference.mean(axis=1, keepdims=True)).mean(axis=1))
        total += np.minimum(*apart)
    return total / np.float32(max(len(near), 1))


def course_of(strip: LineStrip, tall: Plane, places: Places) -> tuple[Plane, ...]:
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
