"""What the demo's pictures are made of: textures and shapes with the statistics of photographs."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""(H, W), luma in [0, 1] or an opacity."""


@dataclass(frozen=True)
class Sprite:
    """A picture with an outline."""

    picture: Plane
    """float32 (H, W): luma in [0, 1]."""
    opacity: Plane
    """float32 (H, W) in [0, 1]."""


def solid(picture: Plane, opacity: Plane | None = None) -> Sprite:
    """A sprite with its tones clipped; opaque by default."""
    whole = np.ones(picture.shape, np.float32) if opacity is None else opacity
    return Sprite(np.clip(picture, 0, 1).astype(np.float32), whole.astype(np.float32))


def fractal(
    shape: tuple[int, int], random: np.random.Generator, *, slope: float = 1.6, grain: float = 1.0
) -> Plane:
    """Noise whose amplitude falls as `frequency ** -slope` (natural pictures: near 1), in [-1, 1] or so.

    `grain` > 1 stretches it sideways, < 1 upwards. Unit variance is scaled by 0.4, and it is band-limited at
    0.35 cycles per pixel, so that moving it by parts of a pixel does not change its sharpness.
    """
    rows, columns = shape
    down = np.fft.fftfreq(rows)[:, None]
    across = np.fft.rfftfreq(columns)[None]
    frequency = np.hypot(down / np.sqrt(grain), across * np.sqrt(grain))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(random.standard_normal(shape)) * frequency**-slope
    spectrum *= np.exp(-((np.hypot(down, across) / 0.35) ** 6))
    noise = np.fft.irfft2(spectrum, s=shape)
    return np.asarray(0.4 * noise / noise.std(), dtype=np.float32)


def ramp(shape: tuple[int, int], top: float, bottom: float) -> Plane:
    """A vertical gradient."""
    rows, columns = shape
    return np.repeat(np.linspace(top, bottom, rows, dtype=np.float32)[:, None], columns, axis=1)


def drawn(shape: tuple[int, int], outlines: list[npt.NDArray[np.float64]]) -> Plane:
    """Fill polygons, points (N, 2) as x, y in pixels, antialiased: an opacity (H, W)."""
    scale = 4
    canvas = np.zeros((shape[0] * scale, shape[1] * scale), np.uint8)
    for outline in outlines:
        cv2.fillPoly(canvas, [np.rint(outline * scale).astype(np.int32)], 255)
    filled = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(filled.astype(np.float32) / 255, (0, 0), 0.5), dtype=np.float32)


def box(left: float, top: float, right: float, bottom: float) -> npt.NDArray[np.float64]:
    """A rectangle's outline."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def disc(x: float, y: float, radius: float) -> npt.NDArray[np.float64]:
    """A circle's outline."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def bar(start: tuple[float, float], stop: tuple[float, float], width: float) -> npt.NDArray[np.float64]:
    """A straight bar's outline."""
    begin, end = np.array(start, dtype=np.float64), np.array(stop, dtype=np.float64)
    along = (end - begin) / np.hypot(*(end - begin))
    aside = np.array([-along[1], along[0]]) * width / 2
    return np.array([begin + aside, end + aside, end - aside, begin - aside])


def ball(radius: float, luma: float, random: np.random.Generator) -> Sprite:
    """A sphere lit from the upper left, with some texture."""
    size = 2 * int(np.ceil(radius + 2)) + 1
    axis = (np.arange(size, dtype=np.float32) - size // 2) / radius
    y, x = axis[:, None], axis[None]
    depth = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    light = np.clip(-0.5 * x - 0.6 * y + 0.62 * depth, 0, None)
    picture = luma * (0.3 + 0.8 * light) + 0.5 * light**12 + 0.06 * fractal((size, size), random)
    opacity = drawn((size, size), [disc(size / 2 - 0.5, size / 2 - 0.5, radius)])
    return Sprite(np.clip(picture, 0, 1).astype(np.float32), opacity)


def wheel(radius: float, spokes: int, luma: float, random: np.random.Generator) -> Sprite:
    """A spoked wheel: rim, hub, spokes and one balance weight, so that its turning can be seen."""
    size = 2 * int(np.ceil(radius + 2)) + 1
    centre = size / 2 - 0.5
    rim = drawn((size, size), [disc(centre, centre, radius)])
    rim -= drawn((size, size), [disc(centre, centre, 0.84 * radius)])
    turn = np.arange(spokes) * 2 * np.pi / spokes
    ends = [(centre + 0.9 * radius * np.cos(a), centre + 0.9 * radius * np.sin(a)) for a in turn]
    parts = [bar((centre, centre), end, max(1.3, 0.06 * radius)) for end in ends]
    weight = disc(centre, centre, 0.86 * radius)
    weight = weight[: len(weight) // 5]
    solid = drawn((size, size), [disc(centre, centre, 0.2 * radius), weight, *parts])
    opacity = np.clip(rim + solid, 0, 1)
    picture = luma + 0.1 * fractal((size, size), random) + 0.1 * rim + ramp((size, size), 0.08, -0.05)
    return Sprite(np.clip(picture, 0, 1).astype(np.float32), opacity.astype(np.float32))


def bricks(shape: tuple[int, int], height: float, random: np.random.Generator) -> Plane:
    """A brick wall, rows of `height` pixels, each brick of its own tone, with weathered mortar."""
    rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    row = np.floor(y / height)
    shifted = x + (row % 2) * 1.2 * height
    column = np.floor(shifted / (2.4 * height))
    tones = random.uniform(-0.09, 0.09, (int(row.max()) + 1, int(column.max()) + 1)).astype(np.float32)
    tone = tones[row.astype(int), column.astype(int)]
    edge_y = np.minimum(y % height, height - y % height)
    edge_x = np.minimum(shifted % (2.4 * height), 2.4 * height - shifted % (2.4 * height))
    mortar = np.clip(1.6 - np.minimum(edge_y, edge_x) + 0.8 * fractal(shape, random, slope=0.8), 0, 1)
    wall = 0.40 + tone + 0.10 * fractal(shape, random) + 0.05 * fractal(shape, random, slope=0.5)
    return np.asarray(cv2.GaussianBlur(wall + mortar * 0.17, (0, 0), 0.6), dtype=np.float32)
