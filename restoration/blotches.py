"""Connected spikes judged together: dirt, or something that moved too fast to be followed.

Dirt is foreign to the scene: before and after it the picture agrees, all around it the motion holds, and the
frames beyond show nothing of it either. Where a hand or a wheel was lost, one of these fails.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

_LARGEST = 0.05  # share of the picture that one blotch may cover
_MOST = 60000  # blotches in a frame: labels are 16 bits wide
_RING = (5, 17)  # inner and outer side, in pixels, of the ring in which a blotch's surroundings are seen
_MARGIN = 0.02  # kept above zero, in units of the spike, so that logarithms stay finite

# Logistic regression over the blotches of 17 clips damaged by `damage_clip`, with grain from light to heavy
# (a fifth of the clips unseen at a time: 96 % of the area held to be dirt is, and 97 % of dirt is found).
# One weight for each column of `evidence`.
_WEIGHTS = (-0.8, -1.2, -5.4, 0.52, 2.4)
_BIAS = -7.25
# At a shot's ends both views lie on the same side, and whatever moves looks like dirt there: more is asked.
_ONE_SIDED = 2.5
_ONE_SIDED_LARGEST = 2e-4  # share of the picture


@dataclass(frozen=True)
class Blotches:
    """Connected regions of spikes."""

    labels: Plane
    """uint16 (H, W): 0 for none, else the blotch's number from 1."""
    area: npt.NDArray[np.int64]
    """Pixels of each, (n,)."""
    body: Plane
    """uint8 (H, W): 1 for every spike, blotch or not."""

    @property
    def count(self) -> int:
        """Number of blotches n."""
        return len(self.area)


def find_blotches(score: Plane, *, body: float) -> Blotches:
    """Find connected regions (of 8 neighbours) where `score` (H, W) exceeds `body`, and somewhere 1."""
    spikes = (score > body).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(spikes, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    kept = np.zeros(len(area), np.bool_)
    kept[labels[score > 1]] = True
    kept &= (area >= 2) & (area < max(_LARGEST * score.size, 8))
    kept[0] = False
    kept &= np.cumsum(kept) <= _MOST
    number = np.where(kept, np.cumsum(kept), 0).astype(np.uint16)
    return Blotches(number[labels], area[kept].astype(np.int64), spikes)


def are_dirt(
    blotches: Blotches,
    luma: Plane,
    views: list[Plane],
    size: Plane,
    score: Plane,
    noise: float,
    *,
    is_between: bool,
) -> npt.NDArray[np.bool_]:
    """Judge each blotch: bool (n,). The arguments are those of `evidence`; `is_between` as in `dirt`."""
    if blotches.count == 0:
        return np.zeros(0, np.bool_)
    columns = evidence(blotches, luma, views, size, score, noise)
    # A sum of products column by column: its order, and so its last bit, never changes.
    logit = _BIAS + sum(weight * column for weight, column in zip(_WEIGHTS, columns, strict=True))
    if is_between:
        return np.asarray(logit > 0)
    return np.asarray((logit > _ONE_SIDED) & (blotches.area < max(_ONE_SIDED_LARGEST * luma.size, 4)))


def evidence(
    blotches: Blotches, luma: Plane, views: list[Plane], size: Plane, score: Plane, noise: float
) -> list[npt.NDArray[np.float64]]:
    """Return what speaks for and against each blotch being dirt: five columns (n,).

    Logarithms of: how far the two nearest views disagree on the place, and how ill they show its
    surroundings, both in units of the blotch's own contrast and less what noise explains; how far the views
    beyond belie it (no logarithm); the logarithms of its area and of its mean score.
    """
    inside = _Region(blotches.labels, blotches.count)
    # Other spikes nearby, dirt too in all likelihood, say nothing of how the motion holds.
    inner = cv2.dilate(blotches.body, np.ones((_RING[0], _RING[0]), np.uint8))
    outer = cv2.dilate(blotches.labels, np.ones((_RING[1], _RING[1]), np.uint8))
    ring = _Region(np.where(inner > 0, np.uint16(0), outer), blotches.count)
    contrast = inside.mean(np.abs(size)) + 1e-4
    apart = inside.mean(np.abs(views[0] - views[1])) - 0.9 * noise
    misfit = ring.mean(np.abs(luma - (views[0] + views[1]) * np.float32(0.5))) - 0.8 * noise
    belied = np.zeros(blotches.count)
    if len(views) > 2:
        sign = np.sign(size)
        beyond = inside.mean(np.min([(luma - view) * sign for view in views[2:]], axis=0))
        belied = np.clip(np.abs(1 - beyond / contrast) - noise / contrast, 0, 1.5)
    return [
        np.log(np.maximum(apart, 0) / contrast + _MARGIN),
        np.log(np.maximum(misfit, 0) / contrast + _MARGIN),
        belied,
        np.log(blotches.area),
        np.log(inside.mean(score)),
    ]


class _Region:
    """The pixels of each blotch, or of the rings about them, for means over them."""

    def __init__(self, labels: Plane, count: int) -> None:
        self._place = np.flatnonzero(labels)
        self._number = labels.ravel()[self._place].astype(np.intp) - 1
        self._count = count
        self._area = np.maximum(np.bincount(self._number, minlength=count), 1)

    def mean(self, plane: Plane) -> npt.NDArray[np.float64]:
        """Mean of a plane (H, W) over each region, (n,)."""
        sums = np.bincount(self._number, plane.ravel()[self._place], minlength=self._count)
        return np.asarray(sums / self._area, dtype=np.float64)
