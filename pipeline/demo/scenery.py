"""What several of the demo's scenes share: a sky, hills, a steady pan."""

from collections.abc import Callable

import numpy as np

from reelfix.pipeline.demo.layers import Layer, Pose
from reelfix.pipeline.demo.textures import (
    Plane,
    Sprite,
    fractal,
    ramp,
    solid,
)


def panning(x: float, y: float, speed: float) -> Callable[[float], Pose]:
    """Move to the left, `speed` pixels a frame."""
    return lambda t: Pose(x - speed * t, y)


def backdrop(picture: Plane, width: int, height: int, speed: float) -> Layer:
    """An opaque layer, larger than the frame, centred and panned."""
    return Layer(solid(picture), panning(picture.shape[1] / 2 - 2, height / 2, speed))


def ridge(rows: int, columns: int, luma: float, u: float, random: np.random.Generator) -> Sprite:
    """Hills: a skyline and woods, in haze."""
    line = 0.38 * rows + 0.24 * rows * fractal((8, columns), random, slope=1.7)[0]
    y = np.arange(rows, dtype=np.float32)[:, None]
    opacity = np.clip(y - line[None] + 0.5, 0, 1)
    woods = fractal((rows, columns), random, slope=1.1)
    return solid(luma + 0.16 * woods + ramp((rows, columns), 0.05, -0.14), opacity)
