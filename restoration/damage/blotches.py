"""Blotches and stains: large, soft, semi-transparent marks on one frame each."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from reelfix.restoration.damage.drawn import draw_blotch
from reelfix.restoration.damage.marks import Mark, place
from reelfix.restoration.damage.shapes import StampKind
from reelfix.restoration.damage.stamping import stamp_patch
from reelfix.restoration.damage.surface import Surface

_KINDS: tuple[StampKind, ...] = ("stain", "stain", "dots", "smut")


@dataclass(frozen=True)
class Blotches:
    """Blotches: lost or swollen emulsion, drops, stains."""

    per_frame: float = 0.3
    """Mean count on a frame."""
    size: tuple[float, float] = (0.03, 0.18)
    """Smallest and largest root of the area, as fractions of the picture's height; log-uniform."""
    opacity: tuple[float, float] = (0.3, 0.9)
    softness: tuple[float, float] = (0.01, 0.06)
    """Deviation of the edge's blur, as a fraction of the blotch's size."""
    bright: float = 0.5
    """Fraction of bright ones."""


def blotch_marks(settings: Blotches, surface: Surface, random: np.random.Generator) -> Iterator[Mark]:
    """Lay blotches on a film's surface."""
    smallest, largest = settings.size
    for frame in range(surface.frames):
        for _ in range(random.poisson(settings.per_frame)):
            side = surface.height * smallest * (largest / smallest) ** random.uniform()
            softness = max(0.5, side * random.uniform(*settings.softness))
            if surface.shapes is None:
                drawn = draw_blotch(max(side / np.sqrt(np.pi), 0.7), random)
                opacity = np.asarray(cv2.GaussianBlur(drawn, (0, 0), softness), dtype=np.float32)
            else:
                stamps = surface.shapes.stamps[_KINDS[int(random.integers(len(_KINDS)))]]
                stamp = stamps[int(random.integers(len(stamps)))]
                opacity = stamp_patch(stamp, side / stamp.size, random, softness=softness)
            opacity = opacity * np.float32(random.uniform(*settings.opacity))
            yield place(frame, opacity, surface.shape, "blotch", settings.bright, random)
