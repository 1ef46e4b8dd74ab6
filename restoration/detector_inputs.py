"""What the net is told of a frame: how it differs from its neighbours, and what stays on the scan.

Everything is on a grid of half the picture's size; planes of the full size come as four of half of it. What
has a contrast is in standard deviations of the frame's noise, times the strength: with a half of it, damage
must stand out twice as far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane, half_size
from reelfix.restoration.blotch_evidence import VIEWS, Scene
from reelfix.restoration.motion import Flow, Motion

REACH = 8
"""Frames to either side that what is told of one depends on."""
INPUTS = 35
"""Channels."""
OWN = 4
"""The first of them: what stands out from its surroundings in the frame itself."""
GONE = 29
"""Which one tells how surely the scene has gone from where it was, over the frames around: from 0 to 1."""
EACH_WAY = 3
"""Neighbours looked for before a frame, and after it; the first `VIEWS` of them are compared with it."""

_NEAR = (-2, -1, 1, 2)  # frames whose detail is shown as it lies on the scan
_FAR = (-8, -6, -4, -2, 2, 4, 6, 8)  # frames over which is seen what stays
_AWAY = 5.0  # pixels that the scene must have gone for what stays to be none of it
_DETAIL = 15  # side, in points, of the surroundings that detail stands out from
_DETAIL_UNIT = 8192.0
_NOISE_FLOOR = 0.003
_MOST = 24.0  # deviations
_UNIT = 4.0  # deviations that count as 1
_CELL = 8  # points of the grid, each way, over which the scene's motion is even


@dataclass(frozen=True)
class Look:
    """What is looked at in frames other than the one in hand; made of one frame alone."""

    detail: npt.NDArray[np.int16]
    """(h, w): luma over its surroundings' mean, in 1 / 8192."""
    forward: Flow
    """float32 (rows, columns, 2): the scene's motion to the next frame, coarsely, in pixels."""
    backward: Flow
    """And to the one before."""


def look_of(luma: Plane, motion: Motion, frame: int) -> Look:
    """Look at one frame: its luma (H, W), and its `motion`."""
    forward, backward = (_coarse(motion.flow(frame, way)[0]) for way in (1, -1))
    return Look(detail_of(luma), forward, backward)


def detail_of(luma: Plane) -> npt.NDArray[np.int16]:
    """Detail (h, w) of a luma (H, W), in 1 / 8192."""
    small = half_size(luma)
    detail = small - cv2.blur(small, (_DETAIL, _DETAIL))
    return np.asarray(np.clip(np.rint(detail * np.float32(_DETAIL_UNIT)), -32767, 32767), np.int16)


def _coarse(flow: Flow) -> Flow:
    height, width = flow.shape[:2]
    size = (max(width // _CELL, 1), max(height // _CELL, 1))
    planes = [cv2.resize(flow[..., axis], size, interpolation=cv2.INTER_AREA) for axis in (0, 1)]
    if min(size) >= 5:
        planes = [cv2.medianBlur(plane, 5) for plane in planes]
    return np.dstack(planes)


def inputs_of(
    scene: Scene, looks: Mapping[int, Look], frame: int, found: Sequence[Plane], strength: float = 1.0
) -> Plane:
    """Return what the net is told of `frame`: float32 (INPUTS, h, w), h = ceil(H / 2), w = ceil(W / 2).

    `scene`: the frame and its neighbours brought to it; `looks` of the frames within REACH that the shot
    has, the frame's own too; `found`: two planes (H, W) uint8, what was found without a net, with the same
    `strength`.
    """
    luma = scene.luma
    noise = noise_of(scene)
    gain = np.float32(strength / (noise + _NOISE_FLOOR) / _UNIT)
    zero = np.zeros_like(luma)
    differences = [luma - view for view in scene.views] + [zero] * (VIEWS - len(scene.views))
    own = luma - cv2.blur(luma, (2 * _DETAIL - 1, 2 * _DETAIL - 1))
    planes = [
        *(part for plane in (own, *differences[:2]) for part in _parts(_limited(plane * gain))),
        *(part for plane in found for part in _parts(plane.astype(np.float32) * np.float32(1 / 255))),
        *(half_size(_limited(plane * gain)) for plane in differences[2:]),
        *(_limited(plane * (gain / np.float32(_DETAIL_UNIT))) for plane in _on_scan(looks, frame)),
        *_staying(looks, frame, gain),
        *_confidence(scene),
        half_size(luma) - np.float32(0.5),
    ]
    even = (np.log(noise + _NOISE_FLOOR) / 2 + 2, 1.0 if scene.is_between else -1.0)
    shape = planes[-1].shape
    return np.stack([*planes, *(np.full(shape, value, np.float32) for value in even)])


def noise_of(scene: Scene) -> float:
    """Standard deviation of a frame's noise; of what it differs by from its neighbours, at the least."""
    if len(scene.views) < 2:
        apart = scene.luma - np.asarray(cv2.medianBlur(scene.luma, 3))
        return 1.4826 * float(np.median(np.abs(apart[::4, ::4])))
    first, second = scene.views[:2]
    here = np.abs(scene.luma - (first + second) * np.float32(0.5))
    noise = float(np.median(here[::4, ::4]))
    if scene.is_between:
        noise = min(noise, 1.1 * float(np.median(np.abs(first - second)[::4, ::4])))
    return 1.4826 * noise


def _limited(plane: Plane) -> Plane:
    most = np.float32(_MOST / _UNIT)
    return np.asarray(np.clip(plane, -most, most))


def _parts(plane: Plane) -> list[Plane]:
    """(H, W) as four planes (h, w); an odd edge is repeated."""
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = cv2.copyMakeBorder(plane, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return [plane[row::2, column::2] for row in (0, 1) for column in (0, 1)]


def _on_scan(looks: Mapping[int, Look], frame: int) -> list[Plane]:
    """Detail of the frames beside, where it lies on the scan; where there is none, nothing."""
    own = looks[frame].detail
    beside = [looks[frame + step].detail if frame + step in looks else np.zeros_like(own) for step in _NEAR]
    return [plane.astype(np.float32) for plane in beside]


def _staying(looks: Mapping[int, Look], frame: int, gain: np.float32) -> list[Plane]:
    """What stays on the scan: mean detail, its deviation, its mean where the scene has gone, how often so."""
    steps = [step for step in _FAR if frame + step in looks]
    own = looks[frame].detail
    if not steps:
        return [np.zeros(own.shape, np.float32)] * 4
    total, square = np.zeros(own.shape, np.int32), np.zeros(own.shape, np.float32)
    moved, weights = np.zeros(own.shape, np.float32), np.full(own.shape, 0.5, np.float32)
    for step in steps:
        detail = looks[frame + step].detail
        total += detail
        there = detail.astype(np.float32)
        square += there * there
        weight = _gone(looks, frame, step, own.shape)
        moved += weight * there
        weights += weight
    mean = total.astype(np.float32) / np.float32(len(steps))
    deviation = np.sqrt(np.maximum(square / np.float32(len(steps)) - mean * mean, 0))
    unit = gain / np.float32(_DETAIL_UNIT)
    shown = [_limited(plane * unit) for plane in (mean, deviation, moved / weights)]
    return [*shown, (weights - np.float32(0.5)) * np.float32(1 / len(_FAR))]


def _gone(looks: Mapping[int, Look], frame: int, step: int, shape: tuple[int, ...]) -> Plane:
    """How surely (h, w) the scene has gone from where it was, `step` frames on."""
    way = range(frame, frame + step, 1 if step > 0 else -1)
    path = np.sum([looks[t].forward if step > 0 else looks[t].backward for t in way], axis=0)
    away = np.minimum(np.hypot(path[..., 0], path[..., 1]) * np.float32(1 / _AWAY), 1)
    return np.asarray(cv2.resize(away, shape[::-1], interpolation=cv2.INTER_LINEAR))


def _confidence(scene: Scene) -> list[Plane]:
    """Confidence (h, w) of the ways to the first two views; where there is none, nothing."""
    height, width = scene.luma.shape
    none = np.zeros((-(-height // 2), -(-width // 2)), np.float32)
    return [*scene.confidences, none, none][:2]
