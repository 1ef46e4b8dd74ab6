"""Clips made of stills: a camera that moves over a photograph, and things that move before it.

Films of every subject are not at hand; photographs are. Where a net needs neighbouring frames, and how the
motion between them is got wrong, a moving crop shows it nearly as well as film does.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.noise import persistent


@dataclass(frozen=True)
class Camera:
    """How the camera moves: a steady pan with a hand's unrest, a slow turn and a slow zoom."""

    pan: float = 3.0
    """Standard deviation of the pan's speed, pixels a frame."""
    unrest: float = 0.7
    """Standard deviation of the unrest about it, pixels."""
    turn: float = 0.15
    """Standard deviation of the turn, degrees a frame."""
    zoom: float = 0.003
    """Standard deviation of the logarithm of the magnification, a frame."""


def still_clip(
    still: Plane,
    others: list[Plane],
    random: np.random.Generator,
    *,
    frames: int,
    height: int,
    width: int,
    camera: Camera | None = None,
) -> npt.NDArray[np.float32]:
    """Return a clip float32 (T, height, width) in [0, 1]: a path over `still`, things of `others` before it.

    `still` and `others`: float32 (h, w) in [0, 1], of any size; what the path leaves is mirrored. Each of the
    others gives one moving thing, an ellipse with a soft edge.
    """
    camera = camera or Camera()
    path = _path(camera, frames, random)
    middle = np.array([still.shape[1], still.shape[0]]) * random.uniform(0.4, 0.6, 2)
    base = random.uniform(0.85, 1.25)
    clip = np.stack([_seen(still, middle, base, pose, (width, height)) for pose in path])
    for other in others:
        _move_before(clip, other, random)
    return clip


def _path(camera: Camera, frames: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Poses (T, 4): x, y in pixels, degrees, logarithm of the magnification."""
    steps = np.arange(frames) - (frames - 1) / 2
    speeds = random.standard_normal(4) * [camera.pan, 0.5 * camera.pan, camera.turn, camera.zoom]
    speeds *= random.random() < 0.75  # else the camera stands
    path = steps[:, None] * speeds
    for axis in (0, 1):
        path[:, axis] += camera.unrest * random.random() * persistent(frames, 0.8, random)
    return path


def _seen(
    still: Plane,
    middle: npt.NDArray[np.float64],
    base: float,
    pose: npt.NDArray[np.float64],
    size: tuple[int, int],
) -> Plane:
    """What a camera at `pose` shows of `still`, (h, w); `base` above 1 shows it smaller."""
    x, y = middle + pose[:2]
    matrix = cv2.getRotationMatrix2D((float(x), float(y)), float(pose[2]), float(np.exp(pose[3]) / base))
    matrix[:, 2] += np.array(size) / 2 - [x, y]
    smooth = cv2.GaussianBlur(still, (0, 0), 0.35 * base) if base > 1.05 else still
    shown = cv2.warpAffine(smooth, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(shown, 0, 1), dtype=np.float32)


def _move_before(clip: npt.NDArray[np.float32], other: Plane, random: np.random.Generator) -> None:
    """Let an ellipse of another picture cross the clip, in place."""
    frames, height, width = clip.shape
    axes = random.uniform(0.08, 0.3, 2) * height
    at = random.uniform(0.1, 0.9, 2) * [width, height]
    speed = random.standard_normal(2) * random.choice([1.0, 4.0, 9.0])
    angle = random.uniform(0, 180)
    spin = random.standard_normal() * 1.0
    softness = random.uniform(0.7, 2.0)
    crop = np.array([other.shape[1], other.shape[0]]) * random.uniform(0.3, 0.7, 2)
    for t in range(frames):
        centre = at + speed * (t - frames / 2)
        alpha = np.zeros((height, width), np.float32)
        box = (
            (float(centre[0]), float(centre[1])),
            (float(2 * axes[0]), float(2 * axes[1])),
            angle + spin * t,
        )
        cv2.ellipse(alpha, box, 1.0, -1, cv2.LINE_8)
        soft = cv2.GaussianBlur(alpha, (0, 0), softness)
        matrix = cv2.getRotationMatrix2D((float(crop[0]), float(crop[1])), -spin * t, 1.0)
        matrix[:, 2] += centre - crop
        thing = cv2.warpAffine(
            other, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        clip[t] += soft * (np.clip(thing, 0, 1) - clip[t])
