"""The demo's second shot: a locomotive comes past."""

from collections.abc import Callable

import numpy as np

from reelfix.pipeline.demo.layers import Layer, Pose, Scene
from reelfix.pipeline.demo.scenery import backdrop, panning, ridge
from reelfix.pipeline.demo.textures import (
    Sprite,
    box,
    disc,
    drawn,
    fractal,
    ramp,
    solid,
    wheel,
)


def train(height: int, width: int, random: np.random.Generator) -> Scene:
    """Shot 2: a locomotive comes past, its wheels turning, smoke behind it, a fence in front."""
    u = height / 360
    tall, wide = int(height * 1.1), int(width * 1.2 + 40 * u)
    speed = 4.2 * u
    x, y = 0.14 * width, height - 128 * u
    rails = height - 58 * u
    engine = Layer(_engine(u, random), panning(x, y, -speed))
    wheels = [
        Layer(wheel(r * u, spokes, 0.22, random), _rolling(x + dx * u, rails - r * u, speed, r * u))
        for dx, r, spokes in ((-78, 31, 12), (-8, 31, 12), (52, 18, 8), (92, 18, 8))
    ]
    smoke = [_puff(x + 92 * u, y - 78 * u, speed, start, u, random) for start in range(-36, 34, 3)]
    fence_shape = (int(84 * u), wide)
    pales = [box(left, 12 * u, left + 4.5 * u, 84 * u) for left in np.arange(0, wide, 26 * u)]
    rail = [box(0, 30 * u, wide, 34 * u), box(0, 58 * u, wide, 62 * u)]
    fence_wood = 0.5 + 0.16 * fractal(fence_shape, random, slope=0.9, grain=0.2)
    ground = 0.34 + 0.14 * fractal((int(120 * u), wide), random, slope=1.0, grain=3)
    pan = -0.25 * u
    return (
        backdrop(
            ramp((tall, wide), 0.55, 0.85) + 0.13 * fractal((tall, wide), random, grain=1.6),
            width,
            height,
            0.1 * u,
        ),
        Layer(ridge(int(230 * u), wide, 0.5, u, random), panning(width / 2, height - 120 * u, pan)),
        Layer(solid(ground), panning(width / 2, height - 20 * u, pan)),
        *smoke,
        engine,
        *wheels,
        Layer(
            solid(fence_wood, drawn(fence_shape, pales + rail)),
            panning(width / 2, height - 36 * u, 1.3 * u),
        ),
    )


def _engine(u: float, random: np.random.Generator) -> Sprite:
    """A locomotive from the side: boiler, cab, funnel, dome, all shaded as round things are."""
    rows, columns = int(150 * u), int(250 * u)
    shape = (rows, columns)
    metal = 0.05 * fractal(shape, random)
    y = np.arange(rows, dtype=np.float32)[:, None] / u
    # A lying cylinder: lightest a third down, dark below.
    boiler_light = 0.12 + 0.5 * np.exp(-(((y - 62) / 11) ** 2)) + 0.10 * np.exp(-(((y - 92) / 7) ** 2))
    boiler = drawn(shape, [box(70 * u, 50 * u, 236 * u, 102 * u)])
    bands = drawn(shape, [box(at * u, 49 * u, (at + 3) * u, 103 * u) for at in (96, 132, 168, 204)])
    cab = drawn(shape, [box(14 * u, 26 * u, 76 * u, 112 * u), box(8 * u, 20 * u, 82 * u, 27 * u)])
    window = drawn(shape, [box(28 * u, 36 * u, 58 * u, 62 * u)])
    funnel = drawn(shape, [np.array([(208, 50), (203, 12), (232, 12), (226, 50)]) * u])
    dome = drawn(shape, [disc(150 * u, 50 * u, 14 * u)])
    frame = drawn(shape, [box(10 * u, 102 * u, 242 * u, 116 * u)])
    x = np.arange(columns, dtype=np.float32)[None] / u
    funnel_light = 0.1 + 0.35 * np.exp(-(((x - 213) / 5) ** 2))
    dome_light = 0.14 + 0.6 * np.exp(-(((x - 146) / 5) ** 2) - ((y - 43) / 5) ** 2)
    picture = np.full(shape, 0.15, np.float32)
    for part, luma in (
        (dome, dome_light),
        (funnel, funnel_light),
        (boiler, boiler_light),
        (bands, boiler_light * 1.3 + 0.05),
        (cab, np.float32(0.27)),
        (frame, np.float32(0.11)),
        (window, np.float32(0.82)),
    ):
        picture = picture * (1 - part) + (luma + metal) * part
    opacity = np.max([dome, funnel, boiler, bands, cab, frame], axis=0)
    return solid(picture, opacity)


def _rolling(x: float, y: float, speed: float, radius: float) -> Callable[[float], Pose]:
    return lambda t: Pose(x + speed * t, y, angle=speed * t / radius)


def _puff(x: float, y: float, speed: float, start: float, u: float, random: np.random.Generator) -> Layer:
    """One puff of smoke, left behind where the funnel was at frame `start`: it swells, rises and thins."""
    size = int(90 * u)
    axis = (np.arange(size, dtype=np.float32) - size / 2) / (size / 2)
    fall = 1 - np.hypot(axis[:, None], axis[None])
    billow = fractal((size, size), random, slope=1.5)
    opacity = np.clip(2.6 * fall - 0.25 + 0.7 * billow * np.clip(2 * fall, 0, 1), 0, 1) * np.clip(
        4 * fall, 0, 1
    )
    sprite = solid(0.78 + 0.3 * billow + ramp((size, size), 0.16, -0.2), opacity)
    turn = random.uniform(-0.02, 0.02)

    def pose(t: float) -> Pose:
        age = t - start
        if age < 0:
            return Pose(0, 0, opacity=0)
        return Pose(
            x + speed * start - 0.3 * u * age,
            y - 1.1 * u * age,
            angle=turn * age,
            scale=0.4 + 0.04 * age,
            opacity=0.95 * np.exp(-age / 34),
        )

    return Layer(sprite, pose)
