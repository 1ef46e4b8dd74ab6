"""What speaks for and against a blotch being dirt, rather than something lost in its motion.

Dirt is foreign to the scene: before and after it the picture agrees, all around it the motion holds, the
frames beyond show nothing of it, and it neither came from somewhere nor went anywhere. Where a hand, a wheel
or a ball was lost, some of these fail.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane, half_size
from reelfix.restoration.blotches import Blotches, Region, Values
from reelfix.restoration.neighbours import Neighbour, brought, in_light_of
from reelfix.restoration.spikes import Spikes, excess

VIEWS = 4
"""Neighbours that a frame is compared with."""
EVIDENCE = 25
"""Pieces of evidence."""

_RING = (5, 17)  # inner and outer side, in pixels, of the ring in which a blotch's surroundings are seen
_MARGIN = 0.02  # kept above zero, in units of the spike, so that logarithms stay finite
_SCALES = (1, 5, 15)  # sides, in half-size pixels, over which what passed is weighed
_SEARCH = 41  # side, in half-size pixels, of where it is sought


@dataclass(frozen=True)
class Scene:
    """A frame and how its neighbours show it."""

    luma: Plane
    """float32 (H, W)."""
    views: list[Plane]
    """The same as the neighbours show it, the nearest on either side first; two at least."""
    flows: list[Plane]
    """float32 (h, w, 2), half size: the way to each of the first two."""
    confidences: list[Plane]
    """float32 (h, w) in [0, 1] of those."""
    is_between: bool
    """Whether the first two views lie on either side of the frame in time."""


def scene_of(lumas: list[Plane], neighbours: list[Neighbour], frame: int) -> Scene:
    """Bring `neighbours`, in the order of `neighbours_of`, to one of the frames `lumas`, each (H, W)."""
    luma = lumas[frame]
    views = [in_light_of(luma, brought(lumas[frame + there.step], there.flow)) for there in neighbours]
    return Scene(
        luma,
        views,
        [there.flow for there in neighbours[:2]],
        [there.confidence for there in neighbours[:2]],
        len(neighbours) > 1 and neighbours[0].step * neighbours[1].step < 0,
    )


def evidence(blotches: Blotches, scene: Scene, spikes: Spikes, strength: float) -> Values:
    """Return what speaks for and against each blotch being dirt: (EVIDENCE, n), of order one.

    `strength` in (0, 1]: with a half, blotches are taken to stand out half as far.
    """
    luma, (before, after, *beyond) = scene.luma, scene.views
    inside = Region(blotches.labels, blotches.count)
    # Other spikes nearby, dirt too in all likelihood, say nothing of how the motion holds.
    inner = cv2.dilate(blotches.body, np.ones((_RING[0], _RING[0]), np.uint8))
    outer = cv2.dilate(blotches.labels, np.ones((_RING[1], _RING[1]), np.uint8))
    ring = Region(np.where(inner > 0, np.uint16(0), outer), blotches.count)
    noise, less = spikes.noise, np.log(strength)
    signed = inside.mean(spikes.size)
    sign = np.where(signed < 0, -1.0, 1.0)
    contrast = inside.mean(np.abs(spikes.size)) + 1e-4
    middle = (before + after) * np.float32(0.5)
    off = np.abs(luma - middle)
    apart = inside.mean(np.abs(before - after)) - 0.9 * noise
    misfit = ring.mean(off) - 0.8 * noise
    tone, tone_square = inside.mean(luma), inside.mean(luma * luma)
    around, around_square = ring.mean(before), ring.mean(before * before)
    low, high = np.percentile(luma[::4, ::4], (1, 99))
    reach = (tone - low) / max(float(high - low), 0.05)
    area = blotches.boxes[:, 4].astype(np.float64)
    long = np.maximum(blotches.boxes[:, 2], blotches.boxes[:, 3]).astype(np.float64)
    crowd = float(np.count_nonzero(blotches.labels)) / luma.size
    columns = [
        np.log(area) / 2,
        np.log(inside.mean(spikes.score)) + less,
        np.log(inside.most(spikes.score)) + less,
        np.log(contrast / (noise + 0.002)) + less,
        np.log(contrast) + less,
        np.log(np.maximum(apart, 0) / contrast + _MARGIN),
        np.log(np.maximum(misfit, 0) / contrast + _MARGIN),
        *_beyond(inside, luma, middle, beyond, contrast, noise),
        np.clip(np.where(sign > 0, reach, 1 - reach), -0.5, 1.5),
        sign,
        np.log(np.sqrt(np.maximum(tone_square - tone * tone, 0)) / contrast + _MARGIN),
        np.log(np.sqrt(np.maximum(around_square - around * around, 0)) / contrast + _MARGIN),
        *_of_motion(blotches, scene),
        *_passing(inside.peaks(spikes.score), scene, sign, area),
        np.sqrt(area / (blotches.boxes[:, 2] * blotches.boxes[:, 3])),
        np.log(area / (long * long)),
        np.full(len(area), np.log(crowd + 1e-4) / 2),
        np.full(len(area), np.log(noise + 0.002)),
        np.full(len(area), float(scene.is_between)),
    ]
    return np.stack(columns)


def _beyond(
    inside: "Region", luma: Plane, middle: Plane, beyond: list[Plane], contrast: Values, noise: float
) -> list[Values]:
    """How far the views beyond the nearest show the blotch, and how far they differ from those."""
    if not beyond:
        return [np.zeros(len(contrast)), np.zeros(len(contrast)), np.zeros(len(contrast))]
    differ = [inside.mean(np.abs(view - middle)) for view in beyond]
    same = [inside.mean(np.abs(view - luma)) for view in beyond]
    return [
        np.log(np.maximum(np.min(differ, axis=0) - 0.9 * noise, 0) / contrast + _MARGIN),
        np.log(np.maximum(np.max(differ, axis=0) - 0.9 * noise, 0) / contrast + _MARGIN),
        np.clip(np.min(same, axis=0) / contrast, 0, 3),
    ]


def _of_motion(blotches: Blotches, scene: Scene) -> list[Values]:
    """Length of the motion, how it changes there, and its confidence, about each blotch."""
    labels = cv2.dilate(blotches.labels, np.ones((9, 9), np.uint8))[::2, ::2]
    place = Region(np.ascontiguousarray(labels), blotches.count)
    there, back = scene.flows
    moved = np.abs(there).sum(axis=2)
    turn = np.abs(there + back if scene.is_between else there * 2 - back).sum(axis=2)
    trust = np.minimum(*scene.confidences)
    return [
        np.log(place.mean(moved) + 0.3),
        np.log(place.mean(turn) + 0.3),
        np.log(np.sqrt(np.maximum(place.mean(moved * moved) - place.mean(moved) ** 2, 0)) + 0.3),
        place.mean(trust),
    ]


def _passing(peaks: npt.NDArray[np.intp], scene: Scene, sign: Values, area: Values) -> list[Values]:
    """Whether something of the blotch's tone and size lies near it before, and after, and not at other times.

    What moves leaves its mark elsewhere in the frames beside; dirt does not. Logarithms of the smaller and
    the larger of both, over the blotch's own.
    """
    luma, before, after = (half_size(plane) for plane in (scene.luma, *scene.views[:2]))
    height, width = luma.shape
    rows, columns = np.divmod(peaks, scene.luma.shape[1])
    index = np.minimum(rows // 2, height - 1), np.minimum(columns // 2, width - 1)
    scale = np.searchsorted(np.square(2.0 * np.array(_SCALES[1:])), area)
    search = np.ones((_SEARCH, _SEARCH), np.uint8)
    own = excess(luma, before, after)
    others = excess(before, luma, after), excess(after, luma, before)
    found = np.zeros((3, len(area)))
    for number, side in enumerate(_SCALES):
        for way in (-1.0, 1.0):
            chosen = (scale == number) & (sign == way)
            if not chosen.any():
                continue
            at = index[0][chosen], index[1][chosen]
            for row, plane in enumerate((own, *others)):
                weighed = np.maximum(plane * np.float32(way), 0)
                if side > 1:
                    weighed = cv2.blur(weighed, (side, side))
                if row:
                    weighed = cv2.dilate(weighed, search)
                found[row, chosen] = weighed[at]
    mine = np.maximum(found[0], 1e-4)
    less, more = np.minimum(found[1], found[2]), np.maximum(found[1], found[2])
    return [np.clip(np.log(less / mine + 0.05), -3, 2), np.clip(np.log(more / mine + 0.05), -3, 2)]
