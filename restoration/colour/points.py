"""Colours given at points, brought to the things that the points lie on."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch.nn import functional

from reelfix.restoration.arrays import Plane, as_array
from reelfix.restoration.colour.guides import Point
from reelfix.restoration.colour.lab import rgb_to_lab
from reelfix.restoration.colour.upsampling import Colours

_REACH = np.float32(0.3)  # of the picture's longer side: distance at which a point counts for 0.6
_TONE = np.float32(0.06)  # difference of luma, of 1, at which it does
_LIKENESS = np.float32(0.5)  # loss of the features' cosine at which it counts for 1 / e
_ENOUGH = np.float32(0.1)  # what the likest point counts for from which on points decide alone
_CLEARNESS = np.float32(3)  # with which the likest of several points counts above the rest
_OWN = np.float32(1e3)  # what a point counts for at its own place


def colour_of(point: Point) -> Colours:
    """Return a and b (2,) of a point's colour, in Lab units."""
    return rgb_to_lab(torch.tensor(point.rgb, dtype=torch.float32).reshape(3, 1, 1))[1:, 0, 0].numpy()


def near(point: Point, grid: tuple[int, ...], shape: tuple[int, int]) -> Plane:
    """Return which points of a grid (h, w) over a picture of `shape` a colour is given for: one at least."""
    down, across = grid[0] / shape[0], grid[1] / shape[1]
    rows, columns = np.indices(grid[:2], dtype=np.float32)
    apart = np.hypot((columns + 0.5) / across - point.x, (rows + 0.5) / down - point.y)
    return np.asarray(apart <= max(point.radius, float(apart.min())))


def corrected(
    colours: Colours, points: Sequence[Point], guide: Plane, features: torch.Tensor, shape: tuple[int, int]
) -> tuple[Colours, Plane]:
    """Change colours (h, w, 2) so that they are the points' at their places, and on what is like them about.

    Returns the colours and how far points decide them (h, w) in [0, 1]. What a net has made of the points
    already is not changed. `guide`: luma (h, w); `features` (F, h', w') of
    unit length; `shape`: height and width of the picture that the points are on. Each point's error is spread
    by nearness, tone and features: the affinities of An and Pellacini, "AppProp" (SIGGRAPH 2008, eq. 2), in a
    weighted mean.
    """
    grid = (guide.shape[0], guide.shape[1])
    marks = [near(point, grid, shape) for point in points]
    alike = _likenesses(features, marks, grid)
    rows, columns = np.indices(grid, dtype=np.float32)
    reach = _REACH * max(grid)
    errors: Colours = np.zeros_like(colours)
    wanted: Colours = np.zeros_like(colours)
    total = np.zeros_like(guide)
    most = np.zeros_like(guide)
    for point, mark, cosine in zip(points, marks, alike, strict=True):
        across, down = columns - columns[mark].mean(), rows - rows[mark].mean()
        doubt = (across * across + down * down) / (2 * reach * reach)
        doubt += np.square((guide - guide[mark].mean()) / _TONE) / 2
        doubt += np.maximum(1 - cosine, 0) / _LIKENESS
        doubt[mark] = 0
        weight = cv2.exp(-_CLEARNESS * doubt) + mark * _OWN
        own = colour_of(point)
        errors += (own - colours[mark].mean(axis=0)) * weight[..., None]
        wanted += own * weight[..., None]
        total += weight
        most = np.maximum(most, cv2.exp(-doubt))
    decided = np.minimum(most / _ENOUGH, 1)
    scale = np.float32(1) / np.maximum(total, np.float32(1e-12))
    wanted *= scale[..., None]
    made = colours + errors * (scale * decided)[..., None]
    # What has a point's colours already does not go beyond them.
    np.clip(made, np.minimum(colours, wanted), np.maximum(colours, wanted), out=made)
    given = np.any(marks, axis=0)
    made[given] = wanted[given]
    return made, np.asarray(decided)


def _likenesses(features: torch.Tensor, marks: Sequence[Plane], grid: tuple[int, int]) -> list[Plane]:
    """Cosine (h, w) of every place's features with those at each of `marks` (h, w)."""
    centred = functional.normalize(features - features.mean(dim=(1, 2), keepdim=True), dim=0)
    size = (features.shape[2], features.shape[1])
    found = []
    for mark in marks:
        share = torch.from_numpy(cv2.resize(mark.astype(np.float32), size, interpolation=cv2.INTER_AREA))
        own = functional.normalize((centred * share.to(centred)).sum(dim=(1, 2)), dim=0)
        cosine = as_array((centred * own[:, None, None]).sum(dim=0))
        found.append(np.asarray(cv2.resize(cosine, grid[::-1], interpolation=cv2.INTER_LINEAR)))
    return found
