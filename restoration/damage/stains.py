"""Stains: what dried on the film, soaked into it, or ran along it, over one frame or several."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.noise import cloud
from reelfix.restoration.damage.stamping import stamp_patch
from reelfix.restoration.damage.strip import shows, strip_length, strip_marks
from reelfix.restoration.damage.surface import Surface

_LARGEST = 128.0
"""Larger ones are drawn at this size, then scaled: their edges are softer, and they take no more time."""


@dataclass(frozen=True)
class Stains:
    """Water, oil and chemicals: a thin veil with a plain edge where it dried. They lie along the film."""

    per_100_frames: float = 8.0
    """Mean count begun in 100 frames."""
    size: tuple[float, float] = (0.08, 0.6)
    """Smallest and largest root of the area, as fractions of the picture's height; log-uniform."""
    veil: tuple[float, float] = (0.03, 0.25)
    """Opacity of the stain's inside."""
    edge: tuple[float, float] = (0.1, 0.5)
    """Opacity of its edge."""
    bright: float = 0.4
    """Fraction of bright ones."""


def stain_marks(settings: Stains, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay stains on a film's surface."""
    whole, length = surface.whole, strip_length(surface)
    smallest, largest = settings.size
    # Those begun before the clip reach into it.
    for _ in range(random.poisson(settings.per_100_frames * (surface.frames + 1) / 100)):
        side = max(6.0, whole.height * smallest * (largest / smallest) ** random.uniform())
        tone = random.uniform(0.8, 1.0) if random.uniform() < settings.bright else random.uniform(0.0, 0.25)
        row, column = random.uniform(-whole.height, length), random.uniform(0, whole.width)
        own = np.random.default_rng(int(random.integers(2**63)))
        if shows(row, column, 3 * side + 8, surface):
            opacity = _opacity(settings, side, surface, own)
            top, left = round(row) - opacity.shape[0] // 2, round(column) - opacity.shape[1] // 2
            yield from strip_marks(opacity, float(tone), "stain", top, left, surface)


def _opacity(settings: Stains, side: float, surface: Surface, random: np.random.Generator) -> Plane:
    if surface.shapes is not None and random.uniform() < 0.4:
        stamps = surface.shapes.stamps["stain"]
        stamp = stamps[int(random.integers(len(stamps)))]
        shape = stamp_patch(stamp, side / stamp.size, random, softness=max(0.5, 0.01 * side))
        return np.asarray(shape * np.float32(random.uniform(0.3, 1.0) * settings.edge[1]))
    return draw_stain(side, random.uniform(*settings.veil), random.uniform(*settings.edge), random)


def draw_stain(side: float, veil: float, edge: float, random: np.random.Generator) -> Plane:
    """A lobed patch whose area has the root `side`: a mottled veil within, one or more tide marks."""
    if side > _LARGEST:
        small = draw_stain(_LARGEST, veil, edge, random)
        size = tuple(round(extent * side / _LARGEST) for extent in small.shape[::-1])
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    radius = side / np.sqrt(np.pi)
    stretch = np.sqrt(random.uniform(1.0, 3.0))  # liquids run along the film
    half_y, half_x = int(1.9 * radius * stretch) + 4, int(1.9 * radius / stretch) + 4
    height, width = 2 * half_y + 1, 2 * half_x + 1
    y = np.arange(-half_y, half_y + 1, dtype=np.float32)[:, None] / (radius * stretch)
    x = np.arange(-half_x, half_x + 1, dtype=np.float32)[None] / (radius / stretch)
    level = 1 - np.hypot(x, y) + 0.3 * cloud(height, width, 0.9 * radius, random, 5, 0.45)
    mottle = cloud(height, width, max(0.3 * radius, 2.0), random, 4, 0.7)
    soft = max(1.2 / radius, 0.01)
    inside = np.clip(level / soft + 0.5, 0.0, 1.0)
    opacity = inside * veil * np.clip(1 + 0.35 * mottle, 0.2, 2.0)
    uneven = np.clip(0.6 + 0.5 * mottle, 0.05, 1.3)
    for ring in range(int(random.integers(1, 4))):
        place = 0.0 if ring == 0 else random.uniform(0.08, 0.6)
        thin, wide = 1.2 / radius, random.uniform(0.02, 0.10)
        # Sharp towards the outside, fading inwards: what is dissolved is carried to the rim and left there.
        within = level - place
        rim = np.where(within < 0, np.exp(-((within / thin) ** 2)), np.exp(-within / max(wide, thin)))
        opacity += rim * uneven * edge * (1.0 if ring == 0 else 0.45)
    fade = np.clip(1.85 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(np.clip(cv2.GaussianBlur(opacity * fade, (0, 0), 0.6), 0.0, 0.95), dtype=np.float32)
