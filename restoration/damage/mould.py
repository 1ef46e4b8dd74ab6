"""Mould: threads that grow over the film from many seeds, and the gelatine that they have eaten."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark
from reelfix.restoration.damage.strip import shows, strip_length, strip_marks
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
            tone = random.uniform(0.75, 1.0) if bright else random.uniform(0.05, 0.3)
            seed = int(random.integers(2**63))
            if not shows(place[0], place[1], 1.5 * radius + 6, surface):
                continue
            own = np.random.default_rng(seed)
            opacity = draw_colony(radius, own) * np.float32(strength * own.uniform(0.6, 1.0))
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
    first = random.uniform(0, 2 * math.pi)
    branches = int(random.integers(5, 10))
    growing = [
        (0.0, 0.0, first + 2 * math.pi * branch / branches + float(random.normal(0, 0.25)), 1.0)
        for branch in range(branches)
    ]
    step = max(1.0, radius / 9)
    budget = 500
    while growing and budget > 0:
        x, y, heading, vigour = growing.pop()
        while vigour > 0.12 and budget > 0:
            budget -= 1
            heading += float(random.normal(0, 0.28))
            to_x, to_y = x + step * math.cos(heading), y + step * math.sin(heading)
            if math.hypot(to_x, to_y) > 1.2 * radius:
                break
            ends = [(_fine(x, half), _fine(y, half)), (_fine(to_x, half), _fine(to_y, half))]
            shade = round(90 + 165 * vigour)
            cv2.line(canvas, ends[0], ends[1], shade, max(1, round(1.2 * _FINE * vigour)), cv2.LINE_AA, 4)
            x, y, vigour = to_x, to_y, vigour * float(random.uniform(0.84, 0.96))
            if random.uniform() < 0.4:
                turn = float(random.uniform(0.4, 1.0)) * (1 if random.uniform() < 0.5 else -1)
                growing.append((x, y, heading + turn, 0.8 * vigour))
    size = 2 * half + 1
    threads = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    soft = cv2.GaussianBlur(threads, (0, 0), 0.5)
    eaten = cv2.GaussianBlur(threads, (0, 0), max(0.22 * radius, 0.8))
    return np.asarray(np.clip(soft + random.uniform(0.2, 0.9) * eaten, 0.0, 1.0), dtype=np.float32)


def _fine(place: float, half: int) -> int:
    """A place about the seed on the fine canvas, with 4 bits of fraction."""
    return round(((place + half + 0.5) * _FINE - 0.5) * 16)
