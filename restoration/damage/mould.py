"""Mould: threads that grow over the film from many seeds, and the gelatine that they have eaten."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.strip import strip_length, strip_marks
from reelfix.restoration.damage.surface import Surface

_FINE = 2


@dataclass(frozen=True)
class Mould:
    """Patches of mould colonies along the film, from the edges inwards."""

    per_100_frames: float = 4.0
    """Mean count of patches begun in 100 frames."""
    patch: tuple[float, float] = (0.15, 0.8)
    """Standard deviation of a patch along the film, as a fraction of the picture's height."""
    colonies: tuple[int, int] = (3, 25)
    """Fewest and most in a patch."""
    size: tuple[float, float] = (0.01, 0.09)
    """Radius of a colony, as a fraction of the picture's height; log-uniform."""
    opacity: tuple[float, float] = (0.25, 0.8)
    bright: float = 0.65
    """Fraction of bright patches: on a positive eaten gelatine lets light through."""


def mould_marks(settings: Mould, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay mould on a film's surface."""
    whole, length = surface.whole, strip_length(surface)
    smallest, largest = settings.size
    for _ in range(random.poisson(settings.per_100_frames * (surface.frames + 1) / 100)):
        spread = whole.height * random.uniform(*settings.patch)
        middle = np.array([random.uniform(-whole.height, length), _from_the_edge(random) * whole.width])
        bright = random.uniform() < settings.bright
        strength = random.uniform(*settings.opacity)
        for _ in range(int(random.integers(settings.colonies[0], settings.colonies[1] + 1))):
            radius = max(2.5, whole.height * smallest * (largest / smallest) ** random.uniform())
            place = middle + random.standard_normal(2) * spread * np.array([1.0, 0.4])
            opacity = draw_colony(radius, random) * np.float32(strength * random.uniform(0.6, 1.0))
            tone = random.uniform(0.75, 1.0) if bright else random.uniform(0.05, 0.3)
            top, left = (np.rint(place) - np.array(opacity.shape) // 2).astype(int)
            yield from strip_marks(opacity, float(tone), "mould", int(top), int(left), surface)


def _from_the_edge(random: np.random.Generator) -> float:
    """A place across the film in [0, 1], dense at both edges."""
    depth = min(abs(float(random.normal(0.0, 0.22))), 1.0)
    return depth if random.uniform() < 0.5 else 1 - depth


def draw_colony(radius: float, random: np.random.Generator) -> Plane:
    """Threads that fork and thin out from a seed, over a faint eaten disc: opacity (h, w) in [0, 1]."""
    half = int(np.ceil(1.25 * radius)) + 3
    canvas = np.zeros(((2 * half + 1) * _FINE,) * 2, np.uint8)
    growing = [
        (np.zeros(2), angle + random.normal(0, 0.25), 1.0)
        for angle in np.arange(0, 2 * np.pi, 2 * np.pi / int(random.integers(5, 10)))
    ]
    step = max(1.0, radius / 9)
    budget = 500
    while growing and budget > 0:
        place, heading, vigour = growing.pop()
        while vigour > 0.12 and budget > 0:
            budget -= 1
            heading += random.normal(0, 0.28)
            after = place + step * np.array([np.cos(heading), np.sin(heading)])
            if np.hypot(*after) > 1.2 * radius:
                break
            ends = [tuple(int(v) for v in np.rint((p + half + 0.5) * _FINE * 16)) for p in (place, after)]
            shade = round(90 + 165 * vigour)
            cv2.line(canvas, ends[0], ends[1], shade, max(1, round(1.2 * _FINE * vigour)), cv2.LINE_AA, 4)
            place, vigour = after, vigour * random.uniform(0.84, 0.96)
            if random.uniform() < 0.4:
                forked = heading + random.choice([-1, 1]) * random.uniform(0.4, 1.0)
                growing.append((place, forked, 0.8 * vigour))
    size = 2 * half + 1
    threads = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    soft = cv2.GaussianBlur(threads, (0, 0), 0.5)
    eaten = cv2.GaussianBlur(threads, (0, 0), max(0.22 * radius, 0.8))
    return np.asarray(np.clip(soft + random.uniform(0.2, 0.9) * eaten, 0.0, 1.0), dtype=np.float32)
