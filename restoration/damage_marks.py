"""Marks on a film's surface: dirt, hairs and running scratches, drawn as patches of opacity and tone."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane

DIRT, SCRATCH = 0, 1
"""The planes of a mask."""


@dataclass(frozen=True)
class Mark:
    """One patch of damage on one frame: `picture = (1 - opacity) picture + opacity tone`."""

    frame: int
    top: int
    left: int
    """Place of the patch's corner; a patch may hang over the picture's edge."""
    opacity: Plane
    """float32 (h, w) in [0, 1]."""
    tone: float
    """What shows through the hole or lies on the film, in [0, 1]."""
    plane: int
    """DIRT or SCRATCH."""


@dataclass(frozen=True)
class Dirt:
    """Blotches of dust and dirt, each on one frame: dark on this film, bright if printed in from another."""

    per_frame: float = 9.0
    """Mean count on a frame."""
    radius: float = 0.0065
    """Median radius, as a fraction of the picture's height."""
    spread: float = 0.6
    """Standard deviation of the radius's logarithm: a few are much larger than the rest."""
    largest: float = 0.06
    """Largest radius, as a fraction of the picture's height."""
    bright: float = 0.5
    """Fraction of bright ones."""


@dataclass(frozen=True)
class Hairs:
    """Hairs and lint: thin curved lines, each on one frame."""

    per_frame: float = 0.35
    """Mean count on a frame."""
    length: tuple[float, float] = (0.04, 0.3)
    """Shortest and longest, as fractions of the picture's height."""
    width: tuple[float, float] = (0.9, 1.8)
    """Thinnest and thickest, in pixels."""
    bright: float = 0.4
    """Fraction of bright ones."""


@dataclass(frozen=True)
class Scratches:
    """Running scratches: vertical, semi-transparent, wandering and broken, over many frames."""

    per_100_frames: float = 7.0
    """Mean count begun in 100 frames; at least one in a clip."""
    frames: tuple[int, int] = (10, 60)
    """Shortest and longest run."""
    width: tuple[float, float] = (0.9, 2.2)
    """Thinnest and thickest, in pixels (full width at half the opacity)."""
    opacity: tuple[float, float] = (0.25, 0.75)
    wander: float = 0.004
    """Standard deviation of the sideways wandering, as a fraction of the picture's width."""
    broken: float = 0.25
    """Fraction of a scratch's run that is interrupted."""
    bright: float = 0.6
    """Fraction of bright ones."""


def dirt_marks(settings: Dirt, shape: tuple[int, int, int], random: np.random.Generator) -> Iterator[Mark]:
    """Draw dirt on a clip of `shape` (T, H, W)."""
    frames, height, width = shape
    for frame in range(frames):
        for _ in range(random.poisson(settings.per_frame)):
            radius = settings.radius * np.exp(settings.spread * random.standard_normal())
            radius = max(0.7, min(radius, settings.largest) * height)
            opacity = _blotch(radius, random) * np.float32(random.uniform(0.65, 1.0))
            top = int(random.integers(height)) - opacity.shape[0] // 2
            left = int(random.integers(width)) - opacity.shape[1] // 2
            yield Mark(frame, top, left, opacity, _tone(settings.bright, random), DIRT)


def hair_marks(settings: Hairs, shape: tuple[int, int, int], random: np.random.Generator) -> Iterator[Mark]:
    """Draw hairs and lint on a clip of `shape` (T, H, W)."""
    frames, height, width = shape
    shortest, longest = settings.length
    for frame in range(frames):
        for _ in range(random.poisson(settings.per_frame)):
            # Short lint is commoner than long hair: uniform in the logarithm.
            length = height * shortest * (longest / shortest) ** random.uniform()
            opacity = _hair(max(length, 4.0), random.uniform(*settings.width), random)
            opacity *= np.float32(random.uniform(0.6, 1.0))
            top = int(random.integers(height)) - opacity.shape[0] // 2
            left = int(random.integers(width)) - opacity.shape[1] // 2
            yield Mark(frame, top, left, opacity, _tone(settings.bright, random), DIRT)


def scratch_marks(
    settings: Scratches, shape: tuple[int, int, int], random: np.random.Generator
) -> Iterator[Mark]:
    """Draw running scratches on a clip of `shape` (T, H, W)."""
    frames = shape[0]
    for _ in range(max(1, random.poisson(settings.per_100_frames * frames / 100))):
        length = int(random.integers(settings.frames[0], settings.frames[1] + 1))
        begin = int(random.integers(-length // 2, max(1, frames - length // 2)))
        yield from _scratch(settings, range(begin, begin + length), shape, random)


def _scratch(
    settings: Scratches, run: range, shape: tuple[int, int, int], random: np.random.Generator
) -> Iterator[Mark]:
    """One scratch: its place and its depth are functions of the place along the film, not of the frame."""
    frames, height, width = shape
    along = len(run) * height
    wander = settings.wander * width * _smooth_noise(along, 1.5 * height, random)
    centre = random.uniform(0.04, 0.96) * width + wander + 0.3 * _smooth_noise(along, height / 12, random)
    depth = _smooth_noise(along, height / 3, random) + 0.5 * _smooth_noise(along, height / 25, random)
    opened = np.clip((depth - np.quantile(depth, settings.broken)) / 0.25, 0.0, 1.0)
    # It wears in and out over a third of a frame.
    ends = np.minimum(np.arange(along), np.arange(along)[::-1]) / (height / 3)
    opacity = random.uniform(*settings.opacity) * opened * np.clip(ends, 0.0, 1.0)
    sigma = random.uniform(*settings.width) / 2.355
    tone = _tone(settings.bright, random)
    for number, frame in enumerate(run):
        if not 0 <= frame < frames:
            continue
        place = slice(number * height, (number + 1) * height)
        left = int(np.floor(centre[place].min() - 3 * sigma)) - 1
        right = int(np.ceil(centre[place].max() + 3 * sigma)) + 2
        across = np.arange(left, right)[None] - centre[place, None]
        profile = np.exp(-0.5 * (across / sigma) ** 2) * opacity[place, None]
        yield Mark(frame, 0, left, profile.astype(np.float32), tone, SCRATCH)


def _blotch(radius: float, random: np.random.Generator) -> Plane:
    """A soft-edged, irregular patch: the level set of a cone, bent by smooth noise of two scales."""
    size = 2 * int(np.ceil(2.2 * radius + 2)) + 1
    axis = np.arange(size, dtype=np.float32) - size // 2
    angle, stretch = random.uniform(0, np.pi), np.sqrt(random.uniform(1.0, 2.2))
    offset_y, offset_x = random.uniform(-0.5, 0.5, 2)
    y, x = axis[:, None] - offset_y, axis[None] - offset_x
    along = (x * np.cos(angle) + y * np.sin(angle)) / stretch
    across = (y * np.cos(angle) - x * np.sin(angle)) * stretch
    cone = 1 - np.hypot(along, across) / radius
    coarse = _noise_plane(size, max(0.55 * radius, 0.8), random)
    fine = _noise_plane(size, max(0.18 * radius, 0.6), random)
    level = cone + 0.38 * coarse + 0.12 * fine
    softness = random.uniform(0.7, 1.6) / radius
    inside = np.clip(level / softness + 0.5, 0.0, 1.0)
    # A smooth step; the noise must not make islands at the patch's very edge.
    fade = np.clip(2.2 - np.hypot(along, across) / radius, 0.0, 1.0)
    return np.asarray(inside * inside * (3 - 2 * inside) * fade, dtype=np.float32)


def _hair(length: float, width: float, random: np.random.Generator) -> Plane:
    """A thin line whose curvature drifts: its direction is an integrated, mean-reverting random walk."""
    steps = max(8, int(length))
    bend = random.normal(0.0, 2.2 / steps) + np.cumsum(random.normal(0.0, 0.9 / steps, steps))
    heading = random.uniform(0, 2 * np.pi) + np.cumsum(bend)
    points = np.stack([np.cumsum(np.cos(heading)), np.cumsum(np.sin(heading))], axis=1) * (length / steps)
    margin, scale = width + 2, 4
    points += margin - points.min(axis=0)
    columns, rows = (np.ceil(points.max(axis=0) + margin)).astype(int)
    canvas = np.zeros((rows * scale, columns * scale), np.uint8)
    path = np.rint(points * scale * 16).astype(np.int32)[:, None]
    cv2.polylines(canvas, [path], False, 255, max(1, round(width * scale)), cv2.LINE_AA, 4)
    drawn = cv2.resize(canvas, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    softened = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), 0.45)
    return np.asarray(np.clip(softened, 0.0, 1.0), dtype=np.float32)


def _tone(bright: float, random: np.random.Generator) -> float:
    """Near white for bright marks, near black for dark ones."""
    return float(random.uniform(0.85, 1.0) if random.uniform() < bright else random.uniform(0.0, 0.16))


def _noise_plane(size: int, sigma: float, random: np.random.Generator) -> Plane:
    """Smooth noise (size, size) of unit variance."""
    noise = cv2.GaussianBlur(random.standard_normal((size, size), np.float32), (0, 0), sigma)
    return np.asarray(noise / max(float(noise.std()), 1e-6), dtype=np.float32)


def _smooth_noise(count: int, sigma: float, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Smooth noise (count,) of zero mean and unit variance, correlated over about `sigma` samples."""
    knots = int(np.ceil(count / sigma)) + 4
    values = np.convolve(random.standard_normal(knots + 2), [0.25, 0.5, 0.25], "valid") / np.sqrt(0.375)
    places = np.arange(count) / sigma + 1
    first = places.astype(int)
    # Between the knots: Catmull-Rom, so that neither place nor slope jumps.
    t = places - first
    a, b, c, d = (values[first + step] for step in (-1, 0, 1, 2))
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return np.asarray(0.5 * curve, dtype=np.float64)
