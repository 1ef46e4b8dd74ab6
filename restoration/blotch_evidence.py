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
EVIDENCE = 29
"""Pieces of evidence."""

_RING = (5, 17)  # inner and outer side, in pixels, of the ring in which a blotch's surroundings are seen
_MARGIN = 0.02  # kept above zero, in units of the spike, so that logarithms stay finite
_SCALES = (1, 5, 15)  # sides, in half-size pixels, over which what passed is weighed
_SEARCH = 20  # half-size pixels to either side in which it is sought, two by two
_SLACK = (3, 5)  # side, in half-size pixels, of what is taken together before, and after
_AT_ONCE = 256  # blotches whose surroundings are looked at together
_UNREST = 41  # side, in half-size pixels, of the surroundings in which the motion's changes count
_CROWD = 41  # side, in pixels, of the surroundings in which other spikes count


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
    peaks = inside.peaks(spikes.score)
    rim = Region(_rims(blotches.labels), blotches.count)
    columns = [
        np.log(area) / 2,
        np.log(inside.mean(spikes.score)) + less,
        np.log(spikes.score.ravel()[peaks]) + less,
        np.log(contrast / (noise + 0.002)) + less,
        np.log(contrast) + less,
        np.log(np.maximum(apart, 0) / contrast + _MARGIN),
        np.log(np.maximum(misfit, 0) / contrast + _MARGIN),
        *_beyond(inside, luma, middle, beyond, contrast, noise),
        np.clip(np.where(sign > 0, reach, 1 - reach), -0.5, 1.5),
        sign,
        np.log(np.sqrt(np.maximum(tone_square - tone * tone, 0)) / contrast + _MARGIN),
        np.log(np.sqrt(np.maximum(around_square - around * around, 0)) / contrast + _MARGIN),
        np.log(rim.mean(_steepness(luma - middle)) / contrast + _MARGIN),
        *_of_motion(blotches, scene, peaks),
        *_passing(peaks, scene, sign, area),
        np.sqrt(area / (blotches.boxes[:, 2] * blotches.boxes[:, 3])),
        np.log(area / (long * long)),
        np.full(len(area), np.log(crowd + 1e-4) / 2),
        np.log(cv2.blur(blotches.body.astype(np.float32), (_CROWD, _CROWD)).ravel()[peaks] + 0.002) / 2,
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


def _rims(labels: Plane) -> Plane:
    """Labels of the pixels on either side of each blotch's edge."""
    square = np.ones((3, 3), np.uint8)
    return np.where(cv2.erode(labels, square) > 0, np.uint16(0), cv2.dilate(labels, square))


def _steepness(plane: Plane) -> Plane:
    """Length of the gradient; what a fast limb leaves is less steep than dirt."""
    across, down = (cv2.Sobel(plane, cv2.CV_32F, 1 - axis, axis, scale=0.125) for axis in (0, 1))
    return np.asarray(cv2.magnitude(across, down))


def _of_motion(blotches: Blotches, scene: Scene, peaks: npt.NDArray[np.intp]) -> list[Values]:
    """Length of the motion, how it changes, its confidence, and how it changes farther around."""
    labels = cv2.dilate(blotches.labels, np.ones((9, 9), np.uint8))[::2, ::2]
    place = Region(np.ascontiguousarray(labels), blotches.count)
    there, back = scene.flows
    moved = np.abs(there).sum(axis=2)
    turn = np.abs(there + back if scene.is_between else there * 2 - back).sum(axis=2)
    trust = np.minimum(*scene.confidences)
    mean = cv2.blur(there, (_UNREST, _UNREST))
    unrest = cv2.blur(np.square(there).sum(axis=2), (_UNREST, _UNREST)) - np.square(mean).sum(axis=2)
    height, width = moved.shape
    rows, columns = np.divmod(peaks, scene.luma.shape[1])
    at = np.minimum(rows // 2, height - 1), np.minimum(columns // 2, width - 1)
    return [
        np.log(place.mean(moved) + 0.3),
        np.log(place.mean(turn) + 0.3),
        np.log(np.sqrt(np.maximum(place.mean(moved * moved) - place.mean(moved) ** 2, 0)) + 0.3),
        place.mean(trust),
        np.log(np.sqrt(np.maximum(unrest[at], 0)) + 0.3).astype(np.float64),
    ]


def _passing(peaks: npt.NDArray[np.intp], scene: Scene, sign: Values, area: Values) -> list[Values]:
    """Whether something of the blotch's tone and size lies near it before, and after, and not at other times.

    What moves leaves its mark elsewhere in the frames beside; dirt does not. Logarithms, over the blotch's
    own, of the smaller and the larger of both; of what lies on either side of it on one line, as what flies
    does; and of what lies on the same side in both, as it does by chance alone.
    """
    luma, before, after = (half_size(plane) for plane in (scene.luma, *scene.views[:2]))
    height, width = luma.shape
    rows, columns = np.divmod(peaks, scene.luma.shape[1])
    rows, columns = np.minimum(rows // 2, height - 1), np.minimum(columns // 2, width - 1)
    scale = np.searchsorted(np.square(2.0 * np.array(_SCALES[1:])), area)
    own = excess(luma, before, after)
    others = excess(before, luma, after), excess(after, luma, before)
    shifts = np.arange(-_SEARCH, _SEARCH + 1, 2)
    shift = (shifts[:, None] * (width + 2 * _SEARCH) + shifts).ravel()
    mine, found = np.zeros(len(area)), np.zeros((4, len(area)))
    for number, side in enumerate(_SCALES):
        for way in (-1.0, 1.0):
            chosen = np.flatnonzero((scale == number) & (sign == way))
            if not len(chosen):
                continue
            mine[chosen] = _weighed(own, way, side)[rows[chosen], columns[chosen]] + 1e-4
            maps = [
                cv2.copyMakeBorder(
                    cv2.dilate(_weighed(plane, way, side), np.ones((slack, slack), np.uint8)),
                    *(_SEARCH,) * 4, cv2.BORDER_CONSTANT, value=0,
                ).ravel()
                for plane, slack in zip(others, _SLACK, strict=True)
            ]  # fmt: skip
            at = (rows + _SEARCH) * (width + 2 * _SEARCH) + columns + _SEARCH
            for part in np.array_split(chosen, -(-len(chosen) // _AT_ONCE)):
                place = at[part, None] + shift
                found[:, part] = _agreeing(maps[0][place], maps[1][place], mine[part])
    return list(np.clip(np.log(found / np.maximum(mine, 1e-4) + 0.05), -3, 2))


def _weighed(plane: Plane, way: float, side: int) -> Plane:
    """What of a plane has the sign `way`, in means over squares of `side`."""
    part = np.maximum(plane * np.float32(way), 0)
    return part if side == 1 else np.asarray(cv2.blur(part, (side, side)))


def _agreeing(before: Plane, after: Plane, mine: Values) -> Values:
    """Four ways (4, n) in which surroundings (n, k) before and after agree; `mine` (n,) is what is sought."""
    once, again = before.max(axis=1), after.max(axis=1)
    limit = np.square(1.6 * mine[:, None]).astype(np.float32)
    # What stands out much more is another thing.
    before, after = (np.minimum(near, limit / np.maximum(near, 1e-6)) for near in (before, after))
    across = np.minimum(before, after[:, ::-1]).max(axis=1)
    aside = np.minimum(before, after).max(axis=1)
    return np.stack([np.minimum(once, again), np.maximum(once, again), across, aside])
