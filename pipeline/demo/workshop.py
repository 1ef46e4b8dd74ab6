"""The demo's third shot: a workshop wall, a flywheel, a lamp, and balls in the air."""

from collections.abc import Callable

import numpy as np

from reelfix.pipeline.demo.layers import Layer, Pose, Scene
from reelfix.pipeline.demo.textures import (
    Sprite,
    ball,
    bar,
    box,
    bricks,
    disc,
    drawn,
    fractal,
    ramp,
    solid,
    wheel,
)


def workshop(height: int, width: int, random: np.random.Generator) -> Scene:
    """Shot 3: a brick wall with a barred window, a swinging lamp, a flywheel, and balls thrown in the air."""
    u = height / 360
    tall, wide = int(height * 1.06) + 4, int(width * 1.06) + 4
    wall = bricks((tall, wide), 17 * u, random)
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32) / u
    wall = wall * (0.62 + 0.75 * np.exp(-(((x - 300) / 190) ** 2) - ((y - 120) / 150) ** 2))
    window = (int(120 * u), int(92 * u))
    pane = ramp(window, 0.95, 0.7) + 0.1 * fractal(window, random)
    bars = drawn(window, [box(at * u, 0, (at + 2.2) * u, 120 * u) for at in range(14, 92, 15)])
    sill = drawn(window, [box(0, 0, 92 * u, 120 * u)]) - drawn(window, [box(5 * u, 5 * u, 87 * u, 115 * u)])
    glazed = pane * (1 - bars) + 0.12 * bars
    glazed = glazed * (1 - sill) + (0.5 + 0.1 * fractal(window, random)) * sill
    drift = 0.22 * u
    balls = [
        Layer(ball(r * u, luma, random), _tossed(px * width, height * 0.93, vx * u, rise * u, late))
        for r, luma, px, vx, rise, late in (
            (5, 0.95, 0.52, 0.5, 125, 6),
            (6.5, 0.15, 0.6, -0.4, 150, 14),
            (4, 0.75, 0.66, 0.3, 110, 24),
            (8, 0.4, 0.72, -0.6, 140, 36),
        )
    ]
    return (
        Layer(solid(wall), lambda t: Pose(width / 2 - drift * t, height / 2)),
        Layer(solid(glazed), lambda t: Pose(0.74 * width - drift * t, 0.3 * height)),
        Layer(
            _lamp(u, random), lambda t: Pose(0.42 * width - drift * t, 6 * u, angle=0.26 * np.sin(0.21 * t))
        ),
        Layer(
            wheel(86 * u, 10, 0.3, random),
            lambda t: Pose(0.24 * width - drift * t, 0.66 * height, angle=0.045 * t),
        ),
        Layer(
            wheel(34 * u, 6, 0.55, random),
            lambda t: Pose(0.47 * width - drift * t, 0.82 * height, angle=-0.115 * t),
        ),
        *balls,
    )


def _lamp(u: float, random: np.random.Generator) -> Sprite:
    """A lamp on a thin wire; the sprite's centre is the hook it swings about."""
    rows, columns = int(300 * u), int(110 * u)
    shape, middle = (rows, columns), columns / 2
    hook, end = rows / 2, rows / 2 + 108 * u
    wire = drawn(shape, [bar((middle, hook), (middle, end), max(1.0, 1.4 * u))])
    corners = [(-5, 0), (5, 0), (30, 22), (-30, 22)]
    shade = drawn(shape, [np.array([(middle + dx * u, end + dy * u) for dx, dy in corners])])
    bulb = drawn(shape, [disc(middle, end + 24 * u, 8 * u)])
    picture = 0.12 + 0.06 * fractal(shape, random, slope=1.0)
    x = (np.arange(columns, dtype=np.float32) - middle)[None] / u
    picture = picture + 0.4 * shade * np.exp(-(((x + 9) / 8) ** 2))
    picture = picture * (1 - bulb) + 0.98 * bulb
    return solid(picture, np.max([wire, shade, bulb], axis=0))


def _tossed(x: float, floor: float, speed: float, rise: float, late: float) -> Callable[[float], Pose]:
    """Up and down for ever, in 44 frames."""

    def pose(t: float) -> Pose:
        phase = ((t + late) % 44) / 44
        return Pose(x + speed * t, floor - 4 * rise * phase * (1 - phase))

    return pose
