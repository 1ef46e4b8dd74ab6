"""The demo's three scenes: a village passing by, a train, and a workshop wall.

Each holds what makes restoration hard: layers that move at different speeds and hide each other, thin poles
and bars that look like scratches, and small moving things (birds, balls, sparks) that look like dirt.
Places and speeds are in units of 1/360 of the picture's height.
"""

from collections.abc import Callable

import numpy as np

from reelfix.pipeline.demo_layers import Layer, Pose, Scene
from reelfix.pipeline.demo_textures import (
    Plane,
    Sprite,
    ball,
    bar,
    box,
    bricks,
    disc,
    drawn,
    fractal,
    ramp,
    wheel,
)


def _solid(picture: Plane, opacity: Plane | None = None) -> Sprite:
    """A sprite with its tones clipped; opaque by default."""
    whole = np.ones(picture.shape, np.float32) if opacity is None else opacity
    return Sprite(np.clip(picture, 0, 1).astype(np.float32), whole.astype(np.float32))


def _panning(x: float, y: float, speed: float) -> Callable[[float], Pose]:
    return lambda t: Pose(x - speed * t, y)


def village(height: int, width: int, random: np.random.Generator) -> Scene:
    """Shot 1: the camera pans over a village; telegraph poles pass in front, birds cross."""
    u = height / 360
    wide = int(width * 1.5 + 130 * u)
    tall = int(height * 1.1)
    layers = [
        _background(
            ramp((tall, wide), 0.66, 1.0) + 0.2 * fractal((tall, wide), random, grain=2),
            width,
            height,
            0.3 * u,
        ),
        Layer(
            _ridge(int(190 * u), wide, 0.58, u, random), _panning(wide / 2 - 4 * u, height - 95 * u, 0.7 * u)
        ),
        Layer(_houses(int(170 * u), wide, u, random), _panning(wide / 2 - 6 * u, height - 85 * u, 1.4 * u)),
        *_birds(width, height, u, random),
        Layer(_poles(height, wide, u, random), _panning(wide / 2 - 20 * u, height / 2, 2.3 * u)),
        Layer(_grass(int(80 * u), wide, u, random), _panning(wide / 2 - 10 * u, height - 22 * u, 3.1 * u)),
    ]
    return tuple(layers)


def _background(picture: Plane, width: int, height: int, speed: float) -> Layer:
    """An opaque layer, larger than the frame, centred and panned."""
    return Layer(_solid(picture), _panning(picture.shape[1] / 2 - 2, height / 2, speed))


def _ridge(rows: int, columns: int, luma: float, u: float, random: np.random.Generator) -> Sprite:
    """Hills: a skyline and woods, in haze."""
    line = 0.38 * rows + 0.24 * rows * fractal((8, columns), random, slope=1.7)[0]
    y = np.arange(rows, dtype=np.float32)[:, None]
    opacity = np.clip(y - line[None] + 0.5, 0, 1)
    woods = fractal((rows, columns), random, slope=1.1)
    return _solid(luma + 0.16 * woods + ramp((rows, columns), 0.05, -0.14), opacity)


def _houses(rows: int, columns: int, u: float, random: np.random.Generator) -> Sprite:
    """A row of houses: walls, roofs, windows and chimneys, each of its own tone and size."""
    shape = (rows, columns)
    opacity = np.zeros(shape, np.float32)
    picture = np.full(shape, 0.4, np.float32)

    def paint(part: Plane, luma: float | Plane) -> None:
        picture[...] = picture * (1 - part) + luma * part
        np.maximum(opacity, part, out=opacity)

    plaster = fractal(shape, random, slope=1.0)
    tiles = fractal(shape, random, slope=0.9, grain=6)
    left = -10.0 * u
    while left < columns:
        wide, tall = random.uniform(44, 92) * u, random.uniform(58, 96) * u
        top, right = rows - tall, left + wide
        peak = top - random.uniform(18, 34) * u
        chimney = left + random.uniform(0.2, 0.7) * wide
        paint(drawn(shape, [box(chimney, peak - 4 * u, chimney + 7 * u, top)]), 0.3 + 0.1 * plaster)
        roof = np.array([(left - 4 * u, top), ((left + right) / 2, peak), (right + 4 * u, top)])
        paint(drawn(shape, [roof]), random.uniform(0.2, 0.36) + 0.12 * tiles)
        paint(drawn(shape, [box(left, top, right, rows)]), random.uniform(0.45, 0.8) + 0.08 * plaster)
        panes = [
            box(x, y, x + 8 * u, y + 12 * u)
            for y in np.arange(top + 10 * u, rows - 14 * u, 26 * u)
            for x in np.arange(left + 8 * u, right - 12 * u, 18 * u)
        ]
        paint(drawn(shape, panes), random.uniform(0.08, 0.25) + 0.1 * plaster)
        left = right + random.uniform(0, 26) * u
    return _solid(picture, opacity)


def _poles(rows: int, columns: int, u: float, random: np.random.Generator) -> Sprite:
    """Telegraph poles with cross arms and sagging wires."""
    shape = (rows, columns)
    places = np.arange(60 * u, columns + 200 * u, 150 * u) + random.uniform(-10, 10) * u
    parts = []
    for x in places:
        parts += [box(x, 70 * u, x + 3.2 * u, rows), box(x - 13 * u, 84 * u, x + 16 * u, 86.5 * u)]
        sag = np.linspace(0, 1, 24)
        for arm in (-12, 14):
            y = 83 * u + 34 * u * sag * (1 - sag)
            line = np.stack([x + arm * u + sag * 150 * u, y], axis=1)
            below = line[::-1] + np.array([0, max(0.8, 0.9 * u)])
            parts.append(np.concatenate([line, below]))
    wood = 0.16 + 0.1 * fractal(shape, random, slope=0.8, grain=0.1)
    return _solid(wood, drawn(shape, parts))


def _grass(rows: int, columns: int, u: float, random: np.random.Generator) -> Sprite:
    """A bank of grass in front."""
    blades = fractal((rows, columns), random, slope=0.7, grain=0.15)
    line = 0.35 * rows + 0.12 * rows * fractal((8, columns), random, slope=1.4)[0]
    y = np.arange(rows, dtype=np.float32)[:, None]
    opacity = np.clip((y - line[None]) / (3 * u) + 1.6 * blades + 0.5, 0, 1)
    return _solid(0.28 + 0.2 * blades + 0.08 * fractal((rows, columns), random), opacity)


def _birds(width: int, height: int, u: float, random: np.random.Generator) -> list[Layer]:
    """Small dark and light things that cross the sky, quick and slow."""
    layers = []
    for number in range(5):
        sprite = ball(max(1.0, (1.6 + 0.5 * number) * u), (0.1, 0.95)[number % 2], random)
        x, y = random.uniform(0.1, 0.6) * width, random.uniform(0.08, 0.45) * height
        speed, swing = random.uniform(1.5, 6.5) * u, random.uniform(4, 12) * u
        layers.append(Layer(sprite, _swooping(x, y, speed, swing, random.uniform(0.1, 0.3))))
    return layers


def _swooping(x: float, y: float, speed: float, swing: float, beat: float) -> Callable[[float], Pose]:
    return lambda t: Pose(x + speed * t, y + swing * np.sin(beat * t))


def train(height: int, width: int, random: np.random.Generator) -> Scene:
    """Shot 2: a locomotive comes past, its wheels turning, smoke behind it, a fence in front."""
    u = height / 360
    tall, wide = int(height * 1.1), int(width * 1.2 + 40 * u)
    speed = 4.2 * u
    x, y = 0.14 * width, height - 128 * u
    rails = height - 58 * u
    engine = Layer(_engine(u, random), _panning(x, y, -speed))
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
        _background(
            ramp((tall, wide), 0.55, 0.85) + 0.13 * fractal((tall, wide), random, grain=1.6),
            width,
            height,
            0.1 * u,
        ),
        Layer(_ridge(int(230 * u), wide, 0.5, u, random), _panning(width / 2, height - 120 * u, pan)),
        Layer(_solid(ground), _panning(width / 2, height - 20 * u, pan)),
        *smoke,
        engine,
        *wheels,
        Layer(
            _solid(fence_wood, drawn(fence_shape, pales + rail)),
            _panning(width / 2, height - 36 * u, 1.3 * u),
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
    return _solid(picture, opacity)


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
    sprite = _solid(0.78 + 0.3 * billow + ramp((size, size), 0.16, -0.2), opacity)
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
        Layer(_solid(wall), lambda t: Pose(width / 2 - drift * t, height / 2)),
        Layer(_solid(glazed), lambda t: Pose(0.74 * width - drift * t, 0.3 * height)),
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
    return _solid(picture, np.max([wire, shade, bulb], axis=0))


def _tossed(x: float, floor: float, speed: float, rise: float, late: float) -> Callable[[float], Pose]:
    """Up and down for ever, in 44 frames."""

    def pose(t: float) -> Pose:
        phase = ((t + late) % 44) / 44
        return Pose(x + speed * t, floor - 4 * rise * phase * (1 - phase))

    return pose


SCENES = (village, train, workshop)
