"""The demo's first shot: the camera pans over a village."""

from collections.abc import Callable

import numpy as np

from reelfix.pipeline.demo.layers import Layer, Pose, Scene
from reelfix.pipeline.demo.scenery import backdrop, panning, ridge
from reelfix.pipeline.demo.textures import (
    Plane,
    Sprite,
    ball,
    box,
    drawn,
    fractal,
    ramp,
    solid,
)


def village(height: int, width: int, random: np.random.Generator) -> Scene:
    """Shot 1: the camera pans over a village; telegraph poles pass in front, birds cross."""
    u = height / 360
    wide = int(width * 1.5 + 130 * u)
    tall = int(height * 1.1)
    layers = [
        backdrop(
            ramp((tall, wide), 0.66, 1.0) + 0.2 * fractal((tall, wide), random, grain=2),
            width,
            height,
            0.3 * u,
        ),
        Layer(
            ridge(int(190 * u), wide, 0.58, u, random), panning(wide / 2 - 4 * u, height - 95 * u, 0.7 * u)
        ),
        Layer(_houses(int(170 * u), wide, u, random), panning(wide / 2 - 6 * u, height - 85 * u, 1.4 * u)),
        *_birds(width, height, u, random),
        Layer(_poles(height, wide, u, random), panning(wide / 2 - 20 * u, height / 2, 2.3 * u)),
        Layer(_grass(int(80 * u), wide, u, random), panning(wide / 2 - 10 * u, height - 22 * u, 3.1 * u)),
    ]
    return tuple(layers)


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
    return solid(picture, opacity)


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
    return solid(wood, drawn(shape, parts))


def _grass(rows: int, columns: int, u: float, random: np.random.Generator) -> Sprite:
    """A bank of grass in front."""
    blades = fractal((rows, columns), random, slope=0.7, grain=0.15)
    line = 0.35 * rows + 0.12 * rows * fractal((8, columns), random, slope=1.4)[0]
    y = np.arange(rows, dtype=np.float32)[:, None]
    opacity = np.clip((y - line[None]) / (3 * u) + 1.6 * blades + 0.5, 0, 1)
    return solid(0.28 + 0.2 * blades + 0.08 * fractal((rows, columns), random), opacity)


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
