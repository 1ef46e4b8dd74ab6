"""Pictures in layers: sprites that move, turn and hide one another, rendered to frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.demo.textures import Plane, Sprite


@dataclass(frozen=True)
class Pose:
    """Where a layer's centre lies in the frame, in pixels from its upper left corner."""

    x: float
    y: float
    angle: float = 0.0
    """Radians, clockwise."""
    scale: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True)
class Layer:
    """A sprite and its way through a shot: `pose(t)`, t in frames."""

    sprite: Sprite
    pose: Callable[[float], Pose]


Scene = tuple[Layer, ...]
"""A shot's layers, the farthest first."""


def shoot(scene: Scene, count: int, height: int, width: int) -> Iterator[Plane]:
    """Render `count` frames of a scene: float32 (H, W), luma from about 0 to 1."""
    layers = [(_premultiplied(layer.sprite), layer.pose) for layer in scene]
    for t in range(count):
        frame = np.zeros((height, width), np.float32)
        for picture, pose in layers:
            _put(frame, picture, pose(t))
        yield frame


def _premultiplied(sprite: Sprite) -> npt.NDArray[np.float32]:
    """Picture times opacity, and opacity: (H, W, 2)."""
    return np.dstack([sprite.picture * sprite.opacity, sprite.opacity]).astype(np.float32)


def _put(frame: Plane, picture: npt.NDArray[np.float32], pose: Pose) -> None:
    """Lay a premultiplied picture (h, w, 2) over the frame, in place, within its bounding box."""
    rows, columns = picture.shape[:2]
    cos, sin = np.cos(pose.angle) * pose.scale, np.sin(pose.angle) * pose.scale
    turn = np.array([[cos, -sin], [sin, cos]])
    corners = turn @ (np.array([[0, columns, columns, 0], [0, 0, rows, rows]]) - [[columns / 2], [rows / 2]])
    place = np.array([pose.x, pose.y])
    low = np.floor(corners.min(axis=1) + place).astype(int) - 1
    high = np.ceil(corners.max(axis=1) + place).astype(int) + 2
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, frame.shape[::-1])
    if left >= right or top >= bottom or pose.opacity <= 0:
        return
    centre = np.array([(columns - 1) / 2, (rows - 1) / 2])
    shift = place - (left, top) - turn @ centre
    drawn = cv2.warpAffine(
        picture, np.column_stack([turn, shift]), (int(right - left), int(bottom - top)), flags=cv2.INTER_CUBIC
    )
    opacity = np.clip(drawn[..., 1] * pose.opacity, 0, 1)
    covered = frame[top:bottom, left:right]
    covered *= 1 - opacity
    covered += np.clip(drawn[..., 0], 0, 1) * pose.opacity
