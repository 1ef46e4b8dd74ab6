"""Abrasions: short scratches in any direction, on one frame each."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage.marks import Mark, place
from reelfix.restoration.damage.stamping import outline_patch, stamp_patch
from reelfix.restoration.damage.surface import Surface


@dataclass(frozen=True)
class Abrasions:
    """Cinch marks and scuffs: bundles of fine strokes, or one stroke; outlines of real ones at true size."""

    per_frame: float = 0.1
    """Mean count on a frame."""
    length: tuple[float, float] = (0.08, 0.4)
    """Shortest and longest, as fractions of the picture's height."""
    opacity: tuple[float, float] = (0.3, 0.9)
    bright: float = 0.6
    """Fraction of bright ones."""


def abrasion_marks(settings: Abrasions, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay abrasions on a film's surface."""
    for frame in range(surface.frames):
        for _ in range(random.poisson(settings.per_frame)):
            opacity = _strokes(settings, surface, random) * np.float32(random.uniform(*settings.opacity))
            yield place(frame, opacity, surface.shape, "abrasion", settings.bright, random)


def _strokes(settings: Abrasions, surface: Surface, random: np.random.Generator) -> Plane:
    length = surface.height * random.uniform(*settings.length)
    if surface.shapes is None:
        return _stroke(length, random.uniform(0, np.pi), random.uniform(0.8, 1.6))
    if random.uniform() < 0.4:
        outlines = surface.shapes.outlines["Scratch"]
        return outline_patch(outlines[int(random.integers(len(outlines)))], surface.pixels_per_mm, random)
    stamps = surface.shapes.stamps["scratches"]
    stamp = stamps[int(random.integers(len(stamps)))]
    return stamp_patch(stamp, length / max(stamp.alpha.shape), random)


def _stroke(length: float, angle: float, width: float) -> Plane:
    """One straight stroke with soft edges."""
    reach_x, reach_y = length / 2 * np.cos(angle), length / 2 * np.sin(angle)
    half_x, half_y = int(np.ceil(abs(reach_x))) + 4, int(np.ceil(abs(reach_y))) + 4
    canvas = np.zeros((2 * half_y + 1, 2 * half_x + 1), np.uint8)
    ends = [
        (round((half_x + way * reach_x) * 16), round((half_y + way * reach_y) * 16)) for way in (-1.0, 1.0)
    ]
    cv2.line(canvas, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), width / 2.355), np.float32)
